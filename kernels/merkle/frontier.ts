/**
 * A tree that only grows, kept as the few hashes its next root needs: the roots
 * of the perfect subtrees of its size, from left to right, at most 53 of them.
 * The log stores one beside its entries. Values, never changed in place, so a
 * transaction that fails leaves nothing behind.
 */
import { chosenHasher } from "./choose.ts";
import { HASH_BYTES, type Hasher } from "./hasher.ts";
import { half, isOdd, isSize, perfectSubtrees } from "./sizes.ts";
import { subtreeHash } from "./tree.ts";

export interface Frontier {
  readonly size: number;
  /** One hash per set bit of `size`, packed, largest subtree first. */
  readonly hashes: Uint8Array;
}

export const emptyFrontier: Frontier = { size: 0, hashes: new Uint8Array(0) };

/** Number of perfect subtrees, which is the number of set bits of `size`. */
const partsOf = (size: number): number => (size === 0 ? 0 : perfectSubtrees({ start: 0, end: size }).length);

/** Throws when a stored frontier cannot be one: a size that is no size, or not one hash per set bit. */
export function assertFrontier({ size, hashes }: Frontier): void {
  if (!isSize(size) || hashes.length !== partsOf(size) * HASH_BYTES) {
    throw new RangeError(`${hashes.length} bytes are not the frontier of ${size} leaves`);
  }
}

/** The frontier after one more leaf. Requires a hash of 32 bytes and room below 2^53. */
export function appendLeafHash(frontier: Frontier, leafHash: Uint8Array, hasher: Hasher = chosenHasher()): Frontier {
  assertFrontier(frontier);
  if (leafHash.length !== HASH_BYTES) throw new RangeError(`a leaf hash has ${HASH_BYTES} bytes, not ${leafHash.length}`);
  if (!isSize(frontier.size + 1)) throw new RangeError("the tree is full");
  const hashes = new Uint8Array(frontier.hashes.length + HASH_BYTES);
  hashes.set(frontier.hashes);
  hashes.set(leafHash, frontier.hashes.length);
  let used = hashes.length;
  // As in counting: each carry joins the two rightmost subtrees, which are then of one size.
  for (let rest = frontier.size; isOdd(rest); rest = half(rest)) {
    used -= HASH_BYTES;
    hashes.set(hasher.nodeHashes(hashes.subarray(used - HASH_BYTES, used + HASH_BYTES)), used - HASH_BYTES);
  }
  return { size: frontier.size + 1, hashes: hashes.slice(0, used) };
}

/** The root of the tree (RFC 9162, 2.1.1); SHA-256 of nothing while it is empty. */
export function frontierRoot(frontier: Frontier, hasher: Hasher = chosenHasher()): Uint8Array {
  assertFrontier(frontier);
  if (frontier.size === 0) return hasher.sha256(new Uint8Array(0));
  let next = 0;
  const readNext = (): Uint8Array => frontier.hashes.slice(next * HASH_BYTES, ++next * HASH_BYTES);
  return subtreeHash({ start: 0, end: frontier.size }, readNext, hasher);
}
