/** Entry bundles: two bytes of length before each entry, high byte first (C2SP tlog-tiles, "Log entries"). */
import { concatBytes } from "../../../proto/encoding.ts";

/** Requires an entry of at most 65,535 bytes. */
export function bundleEntry(entry: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry);
}

/** `null` for a bundle that is cut. */
export function entriesIn(bytes: Uint8Array): Uint8Array[] | null {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
    if (at + 2 + length > bytes.length) return null;
    entries.push(bytes.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}
