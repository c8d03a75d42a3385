/**
 * Arithmetic on tree sizes and on the ranges of leaves a node covers. Sizes are
 * safe integers (below 2^53), so none of this may use the 32-bit operators.
 */

/** Leaves `start` up to but not including `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** Where a perfect subtree's root lies: it covers leaves `index * 2^level` up to `(index + 1) * 2^level`. */
export interface NodePosition {
  readonly level: number;
  readonly index: number;
}

/** Levels a tree can have: its size is below 2^53. */
export const LEVELS_MAX = 53;

/** Whether `size` can be the number of leaves of a tree. */
export const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0;

export const half = (size: number): number => Math.floor(size / 2);
export const isOdd = (size: number): boolean => size % 2 === 1;

/** The level of the largest perfect subtree of `size` leaves: floor(log2 size). Requires size >= 1. */
export function levelOf(size: number): number {
  let level = 0;
  for (let rest = size; rest >= 2; rest = half(rest)) level += 1;
  return level;
}

/** The largest power of two below `size`: where RFC 9162, 2.1.1 splits a tree. Requires size >= 2. */
export const splitOf = (size: number): number => 2 ** levelOf(size - 1);

/**
 * Whether leaves `start` to `end` are a node of every tree that holds them:
 * not empty, and `start` a multiple of the power of two that covers the range
 * (draft-ietf-plants-merkle-tree-certs, "Subtrees").
 */
export function isSubtree({ start, end }: LeafRange): boolean {
  if (!isSize(start) || !isSize(end) || start >= end) return false;
  const width = end - start;
  const cover = width === 1 ? 1 : 2 * splitOf(width);
  return start % cover === 0;
}

/** The perfect subtrees that tile a subtree, from left to right, so from large to small. Requires `isSubtree`. */
export function perfectSubtrees({ start, end }: LeafRange): NodePosition[] {
  const tiles: NodePosition[] = [];
  for (let at = start; at < end; ) {
    const level = levelOf(end - at);
    tiles.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return tiles;
}

/**
 * The subtrees whose hashes prove that leaf `index` is in a tree of `size`
 * leaves, in the order of the proof (RFC 9162, 2.1.3.1). Requires 0 <= index < size.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!isSize(index) || !isSize(size) || index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * The subtrees whose hashes prove that a tree of `second` leaves begins with
 * the tree of its `first` leaves, in the order of the proof (RFC 9162,
 * 2.1.4.1). Requires 1 <= first <= second.
 */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  if (!isSize(first) || !isSize(second) || first < 1 || first > second) {
    throw new RangeError(`a tree of ${second} leaves cannot be shown to extend one of ${first}`);
  }
  const path: LeafRange[] = [];
  let start = 0;
  let end = second;
  while (first !== end) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  // The verifier already holds the hash of the first tree, so only a remainder that is not all of it is sent.
  if (start > 0) path.push({ start, end });
  return path.reverse();
}
