/** `maestro log monitor` and `maestro log check`: a log's files held against what was known of it before. */
import { VERIFY_EXIT } from "../../../proto/errors.ts";
import { monitorLog, type Monitored } from "../../verifier/log/monitor.ts";
import type { Rotation } from "../../verifier/log/rotation.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { Values } from "../command.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { remember, whatIsKnown } from "./known.ts";
import { logSource } from "./source.ts";

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

/** 0: it only grew. 1: it did not, or is not whole. 3: signed by nobody who is known here. What was known is only replaced by what was verified. */
export async function monitor(values: Values, full: boolean): Promise<number> {
  const { known, remember: file } = whatIsKnown(values);
  const { place, read } = await logSource(values);
  const looked = await monitorLog(known, read, full);
  if (looked.result === "consistent" && file !== null) remember(file, looked.state);
  if (values["json"] === true) printJson(document(looked));
  else print(lines(looked, place).join("\n"));
  if (looked.result === "consistent") return VERIFY_EXIT.verified;
  return looked.step === "signer" ? VERIFY_EXIT.unknown_signer : VERIFY_EXIT.failed;
}
