/** `maestro log monitor` and `maestro log check`: a log's files held against what was known of it before. */
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { proofText } from "../../verifier/log/append-only.ts";
import { monitorLog, type Monitored } from "../../verifier/log/monitor.ts";
import type { Rotation } from "../../verifier/log/rotation.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { writeFile } from "../write-file.ts";
import { remember, whatIsKnown } from "./known.ts";
import { logSource, type LogSource } from "./source.ts";

const spoken = ({ terms, old_key, new_key, gate }: Rotation): string => `key changed  at entry ${terms.size}, ${terms.at}: ${old_key.key.fingerprint} handed over to ${new_key.key.fingerprint}; said by gate key ${gate}`;

export function lines(looked: Monitored, place: string): string[] {
  if (looked.result === "consistent") {
    const { before, newest, rotations, entries_checked } = looked;
    const grew = before === null ? `${newest.origin} has ${newest.size} entries` : `${newest.origin} grew from ${before.size} to ${newest.size} entries, and nothing before changed`;
    return [
      `consistent   ${grew}`,
      ...rotations.map(spoken),
      entries_checked > 0 || newest.size === 0 ? `complete     ${entries_checked} entries and every tile hash up to the signed root` : "not looked at: entries, and tiles that no proof needed; --full reads them all",
    ].map((line) => escapeTerminal(line));
  }
  const evidence = [["before", looked.before] as const, ["offered", looked.offered] as const].flatMap(([what, text]) => (text === null ? [] : [`--- ${what}`, ...text.trimEnd().split("\n").map((line) => escapeTerminal(line))]));
  return [`REFUSED       at step ${looked.step}: ${escapeTerminal(looked.detail)}`, `             ${escapeTerminal(place)}; keep both of these, they are the evidence`, ...evidence];
}

function document(looked: Monitored): unknown {
  if (looked.result === "refused") return looked;
  const { result, state, before, rotations, entries_checked } = looked;
  return { result, state, grew_from: before?.size ?? null, rotations: rotations.map(({ terms, gate }) => ({ terms, gate })), entries_checked };
}

/** Looks, and keeps what was verified. Where another look has kept something meanwhile, it looks again from there: what is known never goes back. */
async function lookFrom(values: Values, { read }: LogSource, full: boolean): Promise<Monitored> {
  for (;;) {
    const { known, remember: file } = whatIsKnown(values);
    const looked = await monitorLog(known, read, full);
    if (looked.result === "refused" || file === null || remember(file, looked.state)) return looked;
  }
}

/** For a witness or the verifier page: that the newest checkpoint goes on from the one that was known. */
function keepProof(path: string, looked: Monitored): void {
  if (looked.result === "refused") return;
  if (looked.before === null) throw new MaestroError("cli.usage", "--proof leads from a checkpoint of before: give it with --from or --remember");
  writeFile(path, proofText(looked.before.size, looked.proof, looked.state.checkpoint), 0o644, "what was looked at is as it was said");
}

/** 0: it only grew. 1: it did not, or is not whole. 3: signed by nobody who is known here. What was known is only replaced by what was verified. */
export async function monitor(values: Values, full: boolean): Promise<number> {
  const source = await logSource(values);
  const looked = await lookFrom(values, source, full);
  const proof = textOf(values, "proof");
  if (proof !== undefined) keepProof(proof, looked);
  if (values["json"] === true) printJson(document(looked));
  else print(lines(looked, source.place).join("\n"));
  if (looked.result === "consistent") return VERIFY_EXIT.verified;
  return looked.step === "signer" ? VERIFY_EXIT.unknown_signer : VERIFY_EXIT.failed;
}
