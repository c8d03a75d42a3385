/** Receipts under the newest checkpoint that witnesses cosigned: what an auditor can hold against a log that shows somebody else another history. */
import { equalBytes } from "../../../proto/encoding.ts";
import { parseCheckpoint } from "../../verifier/checkpoint.ts";
import { isOf } from "../../verifier/cosignature.ts";
import { noteKey, parseNote } from "../../verifier/note.ts";
import { tlogProofText } from "../../verifier/tlog-proof.ts";
import type { Trust } from "../../verifier/trust.ts";
import type { Log, LogReceipt } from "../log/index.ts";

/** A checkpoint as the log signed it, with the lines of its witnesses. */
export interface Witnessed {
  readonly size: number;
  readonly checkpoint: string;
  readonly lines: readonly { readonly name: string; readonly line: string; readonly time_s: number }[];
}

export interface WitnessedReceipt extends LogReceipt {
  readonly cosigners: readonly string[];
}

/** The key that signed the checkpoint, which may be one from before a rotation. */
function signerOf(trust: Trust, checkpoint: string, current: Uint8Array): Uint8Array {
  const note = parseNote(checkpoint);
  const known = trust.entries.flatMap(({ entry, key }) => (entry.role === "log" && entry.log_origin !== null ? [noteKey(entry.log_origin, key)] : []));
  const signers = known.filter((key) => note?.signatures.some((signature) => isOf(key, signature)));
  return (signers.find(({ hash }) => equalBytes(hash, current)) ?? signers[0])?.hash ?? current;
}

/** Only cosignatures that the trust file can vouch for: our container takes no byte that nothing checks. */
export function receiptUnder(log: Pick<Log, "receipt" | "path">, trust: Trust, witnessed: Witnessed | null, index: number): WitnessedReceipt | null {
  const root = witnessed === null ? undefined : parseCheckpoint(parseNote(witnessed.checkpoint)?.text ?? "")?.root;
  if (witnessed === null || root === undefined || index >= witnessed.size) return null;
  const { origin, log_id } = log.receipt(index);
  const known = witnessed.lines.filter(({ name }) => trust.witnesses.keys.some(({ key }) => key.name === name));
  const { size, checkpoint } = witnessed;
  return { origin, log_id: signerOf(trust, checkpoint, log_id), index, size, root, proof: log.path(index, size), checkpoint: checkpoint + known.map(({ line }) => line).join(""), cosigners: known.map(({ name }) => name) };
}

export function receiptTextUnder(log: Pick<Log, "path">, witnessed: Witnessed | null, index: number): string | null {
  if (witnessed === null || index >= witnessed.size) return null;
  return tlogProofText({ index, hashes: log.path(index, witnessed.size), checkpoint: witnessed.checkpoint + witnessed.lines.map(({ line }) => line).join("") });
}
