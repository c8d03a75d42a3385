/** `maestro repro GATE`: gathers what running a gate again takes, from the daemon's records and the clone at hand. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { Type, type Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { fromBase64, fromUtf8Lossy } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { CONFIGURATION_FILE, type EvidenceBundle, type LeftOut } from "../../../proto/evidence-bundle.ts";
import type { KeptFindings } from "../../../proto/findings.ts";
import type { HandedReport } from "../../../proto/report.ts";
import type { ReproHeader, ReproTool } from "../../../proto/repro.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { planChange } from "../../client/pack.ts";
import { requireSound, sha256Hex } from "../verified/evidence.ts";
import { spool, writePack } from "./pack-file.ts";

export interface Wanted {
  readonly gate: string;
  readonly check: string | null;
  /** A clone that holds the change. */
  readonly repository: string;
  readonly reports: readonly HandedReport[];
  readonly out: string;
}

const Commands = Type.Object({ body: Type.Object({ commands: Type.Record(Type.String(), Type.Object({ run: Type.Array(Type.String()) })) }) });

/** Of the configuration in the bundle; its bytes hang on the signed identity. */
export function configurationIn({ files }: Pick<EvidenceBundle, "files">): unknown {
  const held = files.find(({ name }) => name === CONFIGURATION_FILE);
  return held === undefined ? null : JSON.parse(fromUtf8Lossy(fromBase64(held.content) ?? new Uint8Array()));
}

function toolsIn(configuration: unknown): ReproTool[] {
  if (!Value.Check(Commands, configuration)) return [];
  const { commands }: Static<typeof Commands>["body"] = configuration.body;
  return Object.entries(commands).map(([command, { run }]) => {
    const path = Bun.which(run[0] ?? "");
    return { command, run: [...run], sha256: path === null || !existsSync(path) ? null : sha256Hex(readFileSync(path)) };
  });
}

const Obligations = Type.Object({ body: Type.Object({ obligations: Type.Record(Type.String(), Type.Object({ hide: Type.Optional(Type.Boolean()), from: Type.Object({ report: Type.Optional(Type.String()) }) })) }) });

/** Which reports may go along: none that a hidden number is read from. Where that cannot be told, none at all. */
export function handedOn(reports: readonly HandedReport[], configuration: unknown): { readonly reports: HandedReport[]; readonly left_out: LeftOut[] } {
  const known = Value.Check(Obligations, configuration) ? Object.values(configuration.body.obligations) : null;
  const hides = (name: string): boolean => known === null || known.some(({ hide, from }) => hide === true && from.report === name);
  const because = known === null ? "whether a number of it is hidden cannot be told" : "a number that the configuration hides is read from it";
  return { reports: reports.filter(({ name }) => !hides(name)), left_out: reports.filter(({ name }) => hides(name)).map(({ name }) => ({ what: `report ${name}`, because })) };
}

/** Whether the sources may go along: only where it was looked for secrets and none was found. A pack is handed on more easily than a clone. */
function secretsBecause({ gate: { bundle } }: EvidenceBundle): string | null {
  const leaf = bundle.manifest.leaves.flatMap((slot) => ("leaf" in slot && slot.leaf.kind === "check" && slot.leaf.name === "secrets" ? [slot.leaf] : []))[0];
  if (leaf === undefined) return "whether the change holds a secret is hidden";
  if (leaf.outcome === "pass" || leaf.outcome === "not_applicable") return null;
  return leaf.outcome === "fail" ? "the change holds what looks like a secret" : "it could not be told whether the change holds a secret";
}

async function findingsOf(client: MaestroClient, gate_id: string): Promise<KeptFindings | null> {
  try {
    const { findings, cut } = await client.findings(gate_id);
    return { findings, cut };
  } catch (error) {
    if (error instanceof MaestroError && (error.code === "record.expired" || error.code === "request.not_found")) return null;
    throw error;
  }
}

/** Writes the pack and says what is in it. Throws what the daemon and git say, and `bundle.malformed` where the record does not verify. */
export async function makePack(client: MaestroClient, { gate, check, repository, reports, out }: Wanted): Promise<ReproHeader> {
  const made = await client.evidenceBundle(gate);
  const trust = fromBase64((await client.trust()).trust) ?? new Uint8Array();
  const { opened: evidence, verification } = requireSound(fromBase64(made.content) ?? new Uint8Array(), trust);
  const identity = verification.statement?.predicate.identity;
  if (evidence === null || identity === undefined) throw new MaestroError("internal.bug", "evidence that is sound says what it is of");
  if (check !== null && !evidence.gate.bundle.manifest.leaves.some((slot) => "leaf" in slot && slot.leaf.kind === "check" && slot.leaf.name === check)) throw new MaestroError("cli.usage", `that gate shows no check ${check}`);
  const left_out: LeftOut[] = [...evidence.left_out];
  const findings = await findingsOf(client, made.gate_id);
  if (findings === null) left_out.push({ what: "findings", because: "they are no longer kept: results of checks are compared, and no single finding" });
  if (made.target === undefined) left_out.push({ what: "the tip of the target", because: "it is no longer kept; the merge base stands for it" });
  const target = made.target ?? identity.base ?? identity.head;
  const plan = await planChange(repository, { head: identity.head, target });
  const secret = secretsBecause(evidence);
  if (secret !== null) left_out.push({ what: "the sources of the change", because: `${secret}; name a clone that has them: maestro repro --run FILE --repository CLONE` });
  const configuration = configurationIn(evidence);
  const handed = handedOn(reports, configuration);
  left_out.push(...handed.left_out);
  const spooled = `${out}.objects`;
  rmSync(spooled, { force: true });
  try {
    const objects = secret === null ? await spool(plan.pack(), spooled) : null;
    const version = await client.version();
    const header: ReproHeader = {
      type: "maestro.repro",
      v: 1,
      command: "maestro repro --run FILE",
      check,
      evidence,
      findings,
      change: { target_ref: identity.target_ref, target, head: identity.head },
      intake: { object_format: plan.object_format, cuts: [...plan.cuts], tips: [...plan.tips] },
      objects,
      reports: handed.reports,
      tools: toolsIn(configuration),
      seeds: [],
      environment: { maestro: version.version, bun: version.bun, git: version.git, platform: process.platform, arch: process.arch },
      left_out,
    };
    await writePack(out, header, objects === null ? null : spooled);
    return header;
  } finally {
    rmSync(spooled, { force: true });
  }
}
