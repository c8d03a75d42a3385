/**
 * The tree of RFC 9162, 2.1 (the same as RFC 6962's) over leaf hashes: its root
 * and its proofs. A node without a right sibling is carried up unchanged, never
 * doubled, so two different lists of leaves never share a root.
 */
import { chosenHasher } from "./choose.ts";
import { HASH_BYTES, type Hasher } from "./hasher.ts";
import { consistencyRanges, inclusionRanges, isSize, type LeafRange, type NodePosition, perfectSubtrees } from "./sizes.ts";

/** Reads the hash of one perfect subtree: from memory here, from tiles in the log. */
export type ReadNode = (position: NodePosition) => Uint8Array;

/** The hash of a subtree from those of the perfect subtrees it consists of. Requires a non-empty range. */
export function subtreeHash(range: LeafRange, readNode: ReadNode, hasher: Hasher = chosenHasher()): Uint8Array {
  const parts = perfectSubtrees(range).map(readNode);
  if (parts.length === 0) throw new RangeError("an empty range has no subtree hash");
  return parts.reduceRight((right, left) => {
    const pair = new Uint8Array(2 * HASH_BYTES);
    pair.set(left);
    pair.set(right, HASH_BYTES);
    return hasher.nodeHashes(pair);
  });
}

/** All nodes of a tree in memory: 64 bytes a leaf. */
export interface Tree {
  readonly size: number;
  /** The root of the tree, or of the tree of its first `size` leaves; SHA-256 of nothing for size 0. */
  root(size?: number): Uint8Array;
  /** The path of leaf `index`, for the tree of the first `size` leaves. Requires index < size <= this.size. */
  inclusionProof(index: number, size?: number): Uint8Array[];
  /** Shows that the first `second` leaves extend the first `first`. Requires 1 <= first <= second <= this.size. */
  consistencyProof(first: number, second?: number): Uint8Array[];
  readonly readNode: ReadNode;
}

/** Level by level: all full pairs in one batch, which is what makes a batch engine pay. */
function perfectLevels(leafHashes: Uint8Array, hasher: Hasher): Uint8Array[] {
  const levels = [leafHashes];
  for (let below = leafHashes; below.length >= 2 * HASH_BYTES; ) {
    const pairs = Math.floor(below.length / (2 * HASH_BYTES));
    below = hasher.nodeHashes(below.subarray(0, pairs * 2 * HASH_BYTES));
    levels.push(below);
  }
  return levels;
}

/** Builds a tree over packed leaf hashes, 32 bytes each, as `Hasher.leafHashes` gives them. */
export function growTree(leafHashes: Uint8Array, hasher: Hasher = chosenHasher()): Tree {
  const size = leafHashes.length / HASH_BYTES;
  if (!Number.isInteger(size)) throw new RangeError(`${leafHashes.length} bytes are not whole hashes`);
  const levels = perfectLevels(leafHashes, hasher);
  const readNode: ReadNode = ({ level, index }) => {
    const hash = levels[level]?.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    if (hash?.length !== HASH_BYTES) throw new RangeError(`a tree of ${size} leaves has no node ${index} at level ${level}`);
    return hash;
  };
  const within = (wanted: number): number => {
    if (!isSize(wanted) || wanted > size) throw new RangeError(`the tree has ${size} leaves, not ${wanted}`);
    return wanted;
  };
  const hashes = (ranges: readonly LeafRange[]): Uint8Array[] => ranges.map((range) => subtreeHash(range, readNode, hasher));
  return {
    size,
    readNode,
    root: (of = size) =>
      within(of) === 0 ? hasher.sha256(new Uint8Array(0)) : subtreeHash({ start: 0, end: of }, readNode, hasher),
    inclusionProof: (index, of = size) => hashes(inclusionRanges(index, within(of))),
    consistencyProof: (first, second = size) => hashes(consistencyRanges(first, within(second))),
  };
}

/** The root over whole leaves (RFC 9162, 2.1.1: MTH), without keeping the tree. */
export function rootOf(leaves: readonly Uint8Array[], hasher: Hasher = chosenHasher()): Uint8Array {
  return growTree(hasher.leafHashes(leaves), hasher).root();
}
