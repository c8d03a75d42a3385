/** The tree over stored nodes: what an append adds, and proofs in O(log n) reads. */
import { consistencyRanges, frontierRoot, inclusionRanges, nativeHasher, perfectSubtrees, subtreeHash, type Frontier, type NodePosition, type ReadNode } from "../../../kernels/merkle/index.ts";
import { concatBytes } from "../../../proto/encoding.ts";

export interface TreeNode extends NodePosition {
  readonly hash: Uint8Array;
}

/** A tree after an append that is not stored yet. */
export interface Growth {
  readonly frontier: Frontier;
  readonly root: Uint8Array;
  /** Every perfect subtree the new leaves complete, the leaves included. */
  readonly nodes: readonly TreeNode[];
  /** Reads old and new nodes alike. */
  readonly read: ReadNode;
}

// One hash at a time: there is no batch for the WASM engine to win.
const joined = (left: Uint8Array, right: Uint8Array): Uint8Array => nativeHasher.nodeHashes(concatBytes(left, right));

const nodeName = ({ level, index }: NodePosition): string => `${level}/${index}`;

export function frontierOf(size: number, read: ReadNode): Frontier {
  return { size, hashes: size === 0 ? new Uint8Array() : concatBytes(...perfectSubtrees({ start: 0, end: size }).map(read)) };
}

/** Adds leaf hashes to the tree of `size` leaves whose nodes `stored` reads. */
export function grow(size: number, leafHashes: readonly Uint8Array[], stored: ReadNode): Growth {
  const nodes = new Map<string, TreeNode>();
  const read: ReadNode = (position) => nodes.get(nodeName(position))?.hash ?? stored(position);
  for (const [i, leafHash] of leafHashes.entries()) {
    let node: TreeNode = { level: 0, index: size + i, hash: leafHash };
    nodes.set(nodeName(node), node);
    // A right child completes its parent, and so on upward.
    while (node.index % 2 === 1) {
      const { level, index, hash }: TreeNode = node;
      node = { level: level + 1, index: (index - 1) / 2, hash: joined(read({ level, index: index - 1 }), hash) };
      nodes.set(nodeName(node), node);
    }
  }
  const frontier = frontierOf(size + leafHashes.length, read);
  return { frontier, root: frontierRoot(frontier), nodes: [...nodes.values()], read };
}

/** Requires index < size, and every node of the tree of `size` leaves stored. */
export function storedInclusionProof(index: number, size: number, read: ReadNode): Uint8Array[] {
  return inclusionRanges(index, size).map((range) => subtreeHash(range, read));
}

/** Requires 1 <= first <= second. */
export function storedConsistencyProof(first: number, second: number, read: ReadNode): Uint8Array[] {
  return consistencyRanges(first, second).map((range) => subtreeHash(range, read));
}

/** The root a tree had when it held `size` leaves. */
export const storedRoot = (size: number, read: ReadNode): Uint8Array => frontierRoot(frontierOf(size, read));
