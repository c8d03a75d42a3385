/**
 * Checks of proofs. Everything here comes from strangers, so the answer is
 * false, never an exception, for whatever cannot be a proof. All four checks
 * are one computation: an inclusion proof shows that a subtree of one leaf
 * belongs to a tree, a consistency proof that the subtree of the first leaves does.
 */
import { chosenHasher } from "./choose.ts";
import { HASH_BYTES, type Hasher } from "./hasher.ts";
import { half, isOdd, isSize, isSubtree, LEVELS_MAX } from "./sizes.ts";

export interface InclusionClaim {
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly leafHash: Uint8Array;
  readonly inclusionPath: readonly Uint8Array[];
  readonly rootHash: Uint8Array;
}

export interface ConsistencyClaim {
  readonly first: number;
  readonly second: number;
  readonly firstHash: Uint8Array;
  readonly secondHash: Uint8Array;
  readonly consistencyPath: readonly Uint8Array[];
}

export interface SubtreeClaim {
  readonly start: number;
  readonly end: number;
  readonly treeSize: number;
  readonly subtreeHash: Uint8Array;
  readonly rootHash: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** Whether two hashes are the same bytes. Public values, so time may depend on them. */
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

const node = (hasher: Hasher, left: Uint8Array, right: Uint8Array): Uint8Array => {
  const pair = new Uint8Array(2 * HASH_BYTES);
  pair.set(left);
  pair.set(right, HASH_BYTES);
  return hasher.nodeHashes(pair);
};

/**
 * Folds a path from the subtree [start, end) up to the root of a tree of
 * `treeSize` leaves (RFC 9162, 2.1.4.2, for any subtree: "Verifying a Subtree
 * Consistency Proof" in draft-ietf-plants-merkle-tree-certs). Requires a valid
 * subtree inside the tree and hashes of 32 bytes.
 */
function foldsToRoot(hasher: Hasher, { start, end, treeSize, subtreeHash, rootHash, path }: SubtreeClaim): boolean {
  // Positions of the subtree's first and last leaf and of the tree's last, seen from the level the fold has reached.
  let low = start;
  let high = end - 1;
  let last = treeSize - 1;
  const up = (): void => {
    low = half(low);
    high = half(high);
    last = half(last);
  };
  // Climb to the largest node that both trees share: the whole subtree, or its rightmost perfect part.
  while (low !== high && (isOdd(high) || high === last)) up();
  const rest = [...path];
  const seed = low === high ? subtreeHash : rest.shift();
  if (seed === undefined) return false;
  let subtree = seed;
  let root = seed;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(high) || high === last) {
      // The sibling is on the left; it is inside the subtree as long as the subtree's edges have not met.
      if (low < high) subtree = node(hasher, sibling, subtree);
      root = node(hasher, sibling, root);
      // Ends: an odd number, or `last`, which is not 0 here, so `high` is at least 1.
      while (!isOdd(high)) up();
    } else {
      root = node(hasher, root, sibling);
    }
    up();
  }
  return last === 0 && same(subtree, subtreeHash) && same(root, rootHash);
}

/** Whether `subtreeHash` is the hash of leaves [start, end) of the tree; the empty range has the hash of no bytes. */
export function verifySubtreeConsistency(claim: SubtreeClaim, hasher: Hasher = chosenHasher()): boolean {
  const { start, end, treeSize, subtreeHash, rootHash, path } = claim;
  if (!isSize(start) || !isSize(end) || !isSize(treeSize) || start > end || end > treeSize) return false;
  if (start === end) return path.length === 0 && same(subtreeHash, hasher.sha256(new Uint8Array(0)));
  if (start === 0 && end === treeSize) return path.length === 0 && same(subtreeHash, rootHash);
  if (!isSubtree(claim) || path.length > 2 * LEVELS_MAX) return false;
  if ([subtreeHash, rootHash, ...path].some((hash) => hash.length !== HASH_BYTES)) return false;
  return foldsToRoot(hasher, claim);
}

/** Whether `leafHash` is leaf `leafIndex` of the tree of `treeSize` leaves with that root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(claim: InclusionClaim, hasher: Hasher = chosenHasher()): boolean {
  const { leafIndex, treeSize, leafHash, inclusionPath, rootHash } = claim;
  // In a tree of one leaf the root is that leaf hash, so nothing else would look at its length.
  if (leafHash.length !== HASH_BYTES) return false;
  const range = { start: leafIndex, end: leafIndex + 1 };
  return verifySubtreeConsistency({ ...range, treeSize, subtreeHash: leafHash, rootHash, path: inclusionPath }, hasher);
}

/** Whether leaf `leafIndex` is in the subtree [start, end) that has the given hash. */
export function verifySubtreeInclusion(
  { start, end, leafIndex, ...rest }: Omit<InclusionClaim, "treeSize"> & { readonly start: number; readonly end: number },
  hasher: Hasher = chosenHasher(),
): boolean {
  if (!isSubtree({ start, end }) || leafIndex < start) return false;
  return verifyInclusion({ ...rest, leafIndex: leafIndex - start, treeSize: end - start }, hasher);
}

/**
 * Whether the tree of `second` leaves begins with the tree of `first` leaves
 * (RFC 9162, 2.1.4.2). Nothing can be shown about the empty tree, so first >= 1.
 */
export function verifyConsistency(claim: ConsistencyClaim, hasher: Hasher = chosenHasher()): boolean {
  const { first, second, firstHash, secondHash, consistencyPath } = claim;
  if (first < 1) return false;
  return verifySubtreeConsistency(
    { start: 0, end: first, treeSize: second, subtreeHash: firstHash, rootHash: secondHash, path: consistencyPath },
    hasher,
  );
}
