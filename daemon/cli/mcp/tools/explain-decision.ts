/** `explain_decision`: a recorded gate with what its checks found. */
import type { Static } from "@sinclair/typebox";
import type { CheckFinding } from "../../../../proto/findings.ts";
import type { Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import { decidedOf, headlineOf } from "../decided.ts";
import { quoted, quotedOrNull, quotedPath } from "../quoted.ts";
import { LIST_MAX, type ExplainInput } from "../schemas.ts";
import type { Said } from "../tool.ts";

function findingOf({ check, finding }: CheckFinding): object {
  const { rule, severity, baseline, message, range, excerpt, fix, waiver } = finding;
  return {
    check,
    rule,
    severity,
    baseline,
    message: quoted(message),
    where: range === null ? null : { path: quotedPath(range.path), line: range.start_line },
    excerpt: quotedOrNull(excerpt),
    fix: fix === null ? null : quoted(fix.description),
    replacement: quotedOrNull(fix?.replacement ?? null),
    waiver: waiver?.state ?? null,
  };
}

export async function explainDecision(values: Values, { gate }: Static<typeof ExplainInput>): Promise<Said> {
  const { client } = await connectOrStart(values);
  const { card, proof, attempts, gate_id } = await client.gateRecord(gate);
  const { findings, cut } = await client.findings(gate_id);
  const shown = findings.slice(0, LIST_MAX.findings);
  return { headline: headlineOf(card), structured: { ...decidedOf(card, proof), attempts, findings: shown.map(findingOf), findings_left_out: findings.length - shown.length + cut } };
}
