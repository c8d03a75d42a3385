/** `maestro repro`: a gate as a file that can be run again elsewhere, and the running. */
import { canonicalBytes } from "../../../proto/canonical.ts";
import { EXIT, MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import type { ReproReply } from "../../../proto/repro.ts";
import { planChange } from "../../client/pack.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { readReports } from "../reports.ts";
import { makePack } from "../repro/make.ts";
import { readPack, type ReadPack } from "../repro/pack-file.ts";
import { replay } from "../repro/replay.ts";
import { readTrustFile } from "../verification.ts";
import { judgeEvidence } from "../verified/evidence.ts";

const EXITS = { same: VERIFY_EXIT.verified, different: VERIFY_EXIT.failed, not_comparable: VERIFY_EXIT.unknown_signer } as const;
const WORDS = { same: "SAME", different: "DIFFERENT", not_comparable: "CANNOT BE COMPARED" } as const;
const SHOWN = 20;

function described({ outcome, recorded_sha256, replayed_sha256, verdict, differences, because, evidence }: ReproReply): string {
  const more = differences.length - SHOWN;
  return [
    `${WORDS[outcome]}  recorded ${verdict.recorded}, replayed ${verdict.replayed}`,
    `  outcome core ${recorded_sha256}${recorded_sha256 === replayed_sha256 ? "" : `, now ${replayed_sha256}`}`,
    ...differences.slice(0, SHOWN).map((line) => `  ${escapeTerminal(line)}`),
    ...(more > 0 ? [`  and ${more} more (--json lists them)`] : []),
    ...because.map((line) => `  not as it was: ${escapeTerminal(line)}`),
    ...(evidence === "verified" ? [] : ["  not proved: that the record is anybody's; give --trust FILE to verify it"]),
  ].join("\n");
}

/** Whoever names a trust file wants the record verified before anything of it runs. */
function checked({ header }: ReadPack, trust: string | undefined): ReproReply["evidence"] {
  if (trust === undefined) return "not_checked";
  const { verification: { result, reasons } } = judgeEvidence(canonicalBytes(header.evidence), readTrustFile(trust), { now: new Date() });
  if (result !== "verified") throw new MaestroError("bundle.malformed", `the pack's evidence: ${reasons.map(({ code, detail }) => `${code}: ${detail}`).join("; ")}`);
  return "verified";
}

async function rerun(path: string, values: Values): Promise<number> {
  const pack = await readPack(path);
  const evidence = checked(pack, textOf(values, "trust"));
  const clone = textOf(values, "repository");
  const { change } = pack.header;
  const objects = pack.objects === null && clone !== undefined ? (await planChange(clone, { head: change.head, target: change.target })).pack : null;
  const reply = await replay(pack, { commands: values["commands"] === true, objects, evidence });
  if (values["json"] === true) printJson(reply);
  else print(described(reply));
  return EXITS[reply.outcome];
}

export const run: CommandModule["run"] = async ({ values, lists, positionals: [gate] }) => {
  const file = textOf(values, "run");
  if (file !== undefined) return rerun(file, values);
  if (gate === undefined) throw new MaestroError("cli.usage", "repro takes the gate, or --run FILE");
  const { client } = await connectOrStart(values);
  const out = textOf(values, "out") ?? `repro-${gate.replace(/[^A-Za-z0-9]/g, "").slice(0, 16)}.maestro`;
  const header = await makePack(client, { gate, check: textOf(values, "check") ?? null, repository: textOf(values, "repository") ?? ".", reports: readReports(lists?.["report"] ?? []), out });
  const { left_out, objects, tools } = header;
  if (values["json"] === true) printJson({ path: out, objects, tools, left_out });
  else {
    print(`${escapeTerminal(out)}  ${objects === null ? "without the sources" : `with ${objects.bytes} bytes of sources`}`);
    for (const { what, because } of left_out) note(`not in it: ${escapeTerminal(what)} (${escapeTerminal(because)})`);
    note(`run it again anywhere: maestro repro --run ${escapeTerminal(out)}${tools.length === 0 ? "" : " --commands"}`);
  }
  return EXIT.admit;
};
