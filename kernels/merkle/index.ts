/** The Merkle kernel: hashing, trees, proofs and their checks, as RFC 9162 section 2.1 names them. */
export { chosenHasher, nativeHasher, wasmHasher } from "./choose.ts";
export { appendLeafHash, assertFrontier, emptyFrontier, type Frontier, frontierRoot } from "./frontier.ts";
export { HASH_BYTES, type Hasher } from "./hasher.ts";
export { consistencyRanges, inclusionRanges, isSubtree, type LeafRange, type NodePosition, perfectSubtrees } from "./sizes.ts";
export { growTree, type ReadNode, rootOf, subtreeHash, type Tree } from "./tree.ts";
export {
  type ConsistencyClaim,
  type InclusionClaim,
  type SubtreeClaim,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from "./verify.ts";
