/** How one stored value looks on disk: its own hash, then its msgpack bytes. */
import { Packr } from "msgpackr";
import { nativeHasher } from "../../kernels/merkle/index.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { concatBytes, equalBytes, utf8 } from "../../proto/encoding.ts";

/** Tables are ordered by key: strings by bytes, integers by value, tuples item by item. */
export type Key = string | number | readonly (string | number)[];

export const isKey = (key: unknown): key is Key =>
  typeof key === "string" || typeof key === "number" || (Array.isArray(key) && key.every((part) => typeof part === "string" || typeof part === "number"));

const HASH_BYTES = 32;

// Records mode would keep field names in a shared structure outside the value, where the value's hash does not reach.
const codec = new Packr({ useRecords: false, copyBuffers: true, int64AsType: "number" });

/**
 * LMDB has no page checksums: of 120 single bit flips, 96 came back as wrong
 * values without an error. Table and key are hashed too, so that a record
 * that is read under another name is as broken as one with a flipped bit.
 */
function recordHash(table: string, key: Key, value: Uint8Array): Uint8Array {
  return nativeHasher.sha256(concatBytes(utf8(`maestro/store/v1\0${table}\0${canonicalText(key)}\0`), value));
}

/** Bytes to store under `key`. */
export function sealRecord(table: string, key: Key, value: unknown): Uint8Array {
  const packed = codec.pack(value);
  return concatBytes(recordHash(table, key, packed), packed);
}

/** The value of stored bytes, or `null` where they are not what was sealed under that table and key. */
export function openRecord(table: string, key: Key, stored: Uint8Array): { readonly value: unknown } | null {
  if (stored.length <= HASH_BYTES) return null;
  const packed = stored.subarray(HASH_BYTES);
  if (!equalBytes(stored.subarray(0, HASH_BYTES), recordHash(table, key, packed))) return null;
  return { value: codec.unpack(packed) };
}

/** How many bytes a sealed record spends on the value itself. */
export function valueBytes(sealed: Uint8Array): number {
  return sealed.length - HASH_BYTES;
}
