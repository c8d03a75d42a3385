import { describe, expect, test } from "bun:test";
import { appendLeafHash, frontierRoot } from "./frontier.ts";
import { consistencyRanges, inclusionRanges, isSubtree, perfectSubtrees } from "./sizes.ts";
import { growTree, rootOf } from "./tree.ts";
import { verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion } from "./verify.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("beyond 32 bits", () => {
  const large = 2 ** 40 + 5;

  test("the proof of a late leaf names the right subtrees", () => {
    expect(inclusionRanges(2 ** 40 + 4, large)).toEqual([
      { start: 2 ** 40, end: 2 ** 40 + 4 },
      { start: 0, end: 2 ** 40 },
    ]);
    expect(inclusionRanges(0, 2 ** 33)).toHaveLength(33);
    expect(consistencyRanges(2 ** 40, large)).toEqual([{ start: 2 ** 40, end: large }]);
    expect(perfectSubtrees({ start: 0, end: large })).toEqual([
      { level: 40, index: 0 },
      { level: 2, index: 2 ** 38 },
      { level: 0, index: large - 1 },
    ]);
  });

  test("a frontier of 2^40 leaves grows, and the proof made of its parts verifies", () => {
    const left = new Uint8Array(32).fill(7);
    const leaf = new Uint8Array(32).fill(9);
    const before = { size: 2 ** 40, hashes: left };
    const after = appendLeafHash(before, leaf);
    const rootHash = frontierRoot(after);
    expect(after.size).toBe(2 ** 40 + 1);
    const claim = { leafIndex: 2 ** 40, treeSize: after.size, leafHash: leaf, inclusionPath: [left], rootHash };
    expect(verifyInclusion(claim)).toBe(true);
    expect(verifyInclusion({ ...claim, leafIndex: 0 })).toBe(false);
    const growth = { first: 2 ** 40, second: after.size, firstHash: left, secondHash: rootHash, consistencyPath: [leaf] };
    expect(verifyConsistency(growth)).toBe(true);
    expect(verifyConsistency({ ...growth, first: 2 ** 8 })).toBe(false);
  });

  test("sizes that no integer holds exactly are refused, not rounded", () => {
    const hash = new Uint8Array(32);
    for (const size of [2 ** 53, 2 ** 64, 1.5, -1, Number.NaN, Infinity]) {
      expect(verifyInclusion({ leafIndex: 0, treeSize: size, leafHash: hash, inclusionPath: [], rootHash: hash })).toBe(false);
      const claim = { first: size, second: size, firstHash: hash, secondHash: hash, consistencyPath: [] };
      expect(verifyConsistency(claim)).toBe(false);
      expect(isSubtree({ start: 0, end: size })).toBe(false);
      expect(() => inclusionRanges(0, size)).toThrow(RangeError);
      expect(() => consistencyRanges(1, size)).toThrow(RangeError);
    }
  });
});

describe("attacks", () => {
  const a = Uint8Array.of(1);
  const b = Uint8Array.of(2);
  const c = Uint8Array.of(3);

  test("a doubled last leaf is another tree (CVE-2012-2459)", () => {
    expect(hex(rootOf([a, b, c]))).not.toBe(hex(rootOf([a, b, c, c])));
  });

  test("a node is no leaf: the pair of two hashes as one leaf has another root", () => {
    const pair = growTree(new Uint8Array(64)).root();
    expect(hex(rootOf([new Uint8Array(64)]))).not.toBe(hex(pair));
  });

  test("moving the border between two hashes of a path proves nothing", () => {
    const tree = growTree(new Uint8Array(96).map((_, i) => i));
    const [first = a, second = b] = tree.inclusionProof(0);
    const claim = { leafIndex: 0, treeSize: 3, leafHash: Uint8Array.from({ length: 32 }, (_, i) => i), rootHash: tree.root() };
    expect(verifyInclusion({ ...claim, inclusionPath: [first, second] })).toBe(true);
    const moved = [new Uint8Array([...first, second[0] ?? 0]), second.slice(1)];
    expect(verifyInclusion({ ...claim, inclusionPath: moved })).toBe(false);
    expect(verifyInclusion({ ...claim, leafHash: claim.leafHash.slice(1), inclusionPath: [first, second] })).toBe(false);
  });

  test("leaves that are no subtree have no hash: one forged for [1, 3) of four folds to the true root, and is refused", () => {
    const tree = growTree(new Uint8Array(4 * 32).map((_, i) => i));
    const leaf = (index: number): Uint8Array => tree.readNode({ level: 0, index });
    const left = tree.readNode({ level: 1, index: 0 });
    const forged = growTree(new Uint8Array([...left, ...leaf(2)])).root();
    const claim = { treeSize: 4, subtreeHash: forged, rootHash: tree.root(), path: [leaf(2), leaf(3), left] };
    expect(verifySubtreeConsistency({ ...claim, start: 0, end: 3 })).toBe(true);
    expect(verifySubtreeConsistency({ ...claim, start: 1, end: 3 })).toBe(false);
    const pair = growTree(new Uint8Array([...leaf(1), ...leaf(2)])).root();
    const inclusion = { start: 1, end: 3, leafIndex: 1, leafHash: leaf(1), inclusionPath: [leaf(2)], rootHash: pair };
    expect(verifySubtreeInclusion(inclusion)).toBe(false);
    expect(verifySubtreeInclusion({ ...inclusion, start: 2, end: 4, leafIndex: 2 })).toBe(true);
  });

  test("a true proof with a size, start or end that is no integer is refused", () => {
    const tree = growTree(new Uint8Array(6 * 32).map((_, i) => i));
    const true4 = { start: 0, end: 4, treeSize: 6, subtreeHash: tree.root(4), rootHash: tree.root(), path: tree.consistencyProof(4) };
    expect(verifySubtreeConsistency(true4)).toBe(true);
    expect(verifySubtreeConsistency({ ...true4, treeSize: 6.5 })).toBe(false);
    expect(verifySubtreeConsistency({ ...true4, end: 4.5 })).toBe(false);
    expect(verifySubtreeConsistency({ ...true4, start: 0.5 })).toBe(false);
    const empty = { start: 3, end: 3, treeSize: 6, subtreeHash: growTree(new Uint8Array(0)).root(), rootHash: tree.root(), path: [] };
    expect(verifySubtreeConsistency(empty)).toBe(true);
    for (const treeSize of [Number.NaN, 2, 2 ** 53]) expect(verifySubtreeConsistency({ ...empty, treeSize })).toBe(false);
    expect(verifySubtreeConsistency({ ...empty, start: 4 })).toBe(false);
    expect(verifySubtreeConsistency({ ...empty, start: -1, end: -1 })).toBe(false);
    expect([isSubtree({ start: 0, end: 0 }), isSubtree({ start: 2, end: 2 }), isSubtree({ start: 2, end: 1 })]).toEqual([false, false, false]);
  });

  test("a path longer than any tree is refused before it is hashed", () => {
    const hash = new Uint8Array(32);
    const inclusionPath = Array<Uint8Array>(100_000).fill(hash);
    expect(verifyInclusion({ leafIndex: 0, treeSize: 2, leafHash: hash, inclusionPath, rootHash: hash })).toBe(false);
  });
});

test("what a tree cannot answer is said", () => {
  const tree = growTree(new Uint8Array(3 * 32));
  expect(() => tree.root(4)).toThrow("has 3 leaves, not 4");
  expect(() => tree.inclusionProof(3)).toThrow("leaf 3 is not in a tree of 3");
  expect(() => tree.inclusionProof(2, 2)).toThrow("leaf 2 is not in a tree of 2");
  expect(() => tree.consistencyProof(0)).toThrow(RangeError);
  expect(() => tree.consistencyProof(3, 2)).toThrow(RangeError);
  expect(() => tree.readNode({ level: 1, index: 1 })).toThrow("no node 1 at level 1");
  expect(() => growTree(new Uint8Array(33))).toThrow("not whole hashes");
});
