import { concatBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { LOG_ENTRY_BYTES_MAX } from "../../verifier/limits.ts";
import { PART_BYTES, type LogTables } from "./tables.ts";

/** Throws `evidence.log` for an entry that an entry bundle cannot hold: its length has two bytes there. */
export function assertEntry(entry: Uint8Array): void {
  if (entry.length === 0 || entry.length > LOG_ENTRY_BYTES_MAX) {
    throw new MaestroError("evidence.log", `an entry of ${entry.length} bytes; the log takes 1 to ${LOG_ENTRY_BYTES_MAX}`);
  }
}

export function putEntry({ entries }: LogTables, index: number, entry: Uint8Array): void {
  for (let at = 0; at < entry.length; at += PART_BYTES) entries.put([index, at / PART_BYTES], entry.slice(at, at + PART_BYTES));
}

/** Throws `store.corrupt` where there is no such entry; the caller knows the log's size. */
export function readEntry({ entries }: LogTables, index: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { value } of entries.entries({ start: [index, 0], end: [index + 1, 0] })) parts.push(value);
  if (parts.length === 0) throw new MaestroError("store.corrupt", `log: entry ${index} is missing`);
  return concatBytes(...parts);
}
