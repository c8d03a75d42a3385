/**
 * The one way to hash in Maestro's trees: SHA-256 with the two prefixes that
 * keep a leaf from being passed off as a node (RFC 9162, 2.1.1).
 */
export interface Hasher {
  readonly name: string;
  /** SHA-256 of `bytes`: 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** SHA-256(0x00 || leaf) of each leaf, packed: 32 bytes a leaf, in order. */
  leafHashes(leaves: readonly Uint8Array[]): Uint8Array;
  /** SHA-256(0x01 || left || right) of each pair; `children` holds 64 bytes a pair, the result 32. */
  nodeHashes(children: Uint8Array): Uint8Array;
}

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;
export const LEAF_PREFIX = 0x00;
export const NODE_PREFIX = 0x01;

/** Number of pairs in `children`. Requires whole pairs of hashes. */
export function pairCount(children: Uint8Array): number {
  const pairs = children.length / (2 * HASH_BYTES);
  if (!Number.isInteger(pairs)) throw new RangeError(`${children.length} bytes are not whole pairs of hashes`);
  return pairs;
}
