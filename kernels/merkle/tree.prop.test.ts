import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { appendLeafHash, assertFrontier, emptyFrontier, frontierRoot } from "./frontier.ts";
import { nativeHasher, wasmHasher } from "./choose.ts";
import { MTH, PATH, PROOF, SUBTREE_PROOF } from "./reference.ts";
import { isSubtree } from "./sizes.ts";
import { growTree, rootOf } from "./tree.ts";
import { verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion } from "./verify.ts";
import { times } from "../../daemon/testing/scale.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const hexes = (list: readonly Uint8Array[]): string[] => list.map(hex);
const LEAVES_MAX = 40;
const leaves = Array.from({ length: LEAVES_MAX }, (_, i) => Uint8Array.of(i, i * 3, 255 - i));
const hashes = wasmHasher().leafHashes(leaves);
const tree = growTree(hashes);

describe("equal to RFC 6962 word for word, for every tree up to 40 leaves", () => {
  test("roots, of a whole tree and of each earlier size", () => {
    for (let size = 0; size <= LEAVES_MAX; size++) {
      const expected = hex(MTH(leaves.slice(0, size)));
      expect(hex(tree.root(size))).toBe(expected);
      expect(hex(rootOf(leaves.slice(0, size), nativeHasher))).toBe(expected);
      expect(hex(rootOf(leaves.slice(0, size), wasmHasher()))).toBe(expected);
    }
  });

  test("every inclusion proof, and each verifies", () => {
    for (let size = 1; size <= LEAVES_MAX; size++) {
      const rootHash = tree.root(size);
      for (let leafIndex = 0; leafIndex < size; leafIndex++) {
        const inclusionPath = tree.inclusionProof(leafIndex, size);
        expect(hexes(inclusionPath)).toEqual(hexes(PATH(leafIndex, leaves.slice(0, size))));
        const leafHash = hashes.slice(leafIndex * 32, leafIndex * 32 + 32);
        expect(verifyInclusion({ leafIndex, treeSize: size, leafHash, inclusionPath, rootHash })).toBe(true);
      }
    }
  });

  test("every consistency proof, and each verifies", () => {
    for (let second = 1; second <= LEAVES_MAX; second++) {
      for (let first = 1; first <= second; first++) {
        const consistencyPath = tree.consistencyProof(first, second);
        expect(hexes(consistencyPath)).toEqual(hexes(PROOF(first, leaves.slice(0, second))));
        const claim = { first, second, firstHash: tree.root(first), secondHash: tree.root(second), consistencyPath };
        expect(verifyConsistency(claim)).toBe(true);
      }
    }
  });

  test("every subtree verifies inside every tree, every leaf inside every subtree", () => {
    let subtrees = 0;
    for (let start = 0; start < 20; start++) {
      for (let end = start + 1; end <= 20; end++) {
        if (!isSubtree({ start, end })) continue;
        subtrees += 1;
        const subtreeHash = MTH(leaves.slice(start, end));
        for (let treeSize = end; treeSize <= 20; treeSize++) {
          const path = SUBTREE_PROOF(start, end, leaves.slice(0, treeSize));
          expect(verifySubtreeConsistency({ start, end, treeSize, subtreeHash, rootHash: tree.root(treeSize), path })).toBe(true);
        }
        for (let leafIndex = start; leafIndex < end; leafIndex++) {
          const inclusionPath = PATH(leafIndex - start, leaves.slice(start, end));
          const leafHash = hashes.slice(leafIndex * 32, leafIndex * 32 + 32);
          expect(verifySubtreeInclusion({ start, end, leafIndex, leafHash, inclusionPath, rootHash: subtreeHash })).toBe(true);
        }
      }
    }
    expect(subtrees).toBe(60);
  });

  test("the frontier after each append", () => {
    let frontier = emptyFrontier;
    for (let size = 0; size < LEAVES_MAX; size++) {
      expect(hex(frontierRoot(frontier))).toBe(hex(MTH(leaves.slice(0, size))));
      const before = hex(frontier.hashes);
      const after = appendLeafHash(frontier, hashes.subarray(size * 32, size * 32 + 32));
      expect(hex(frontier.hashes)).toBe(before);
      frontier = after;
    }
  });
});

describe("forgeries", () => {
  const size = fc.integer({ min: 2, max: LEAVES_MAX });

  test("no flipped bit, lost, added or swapped hash, moved index or size proves an inclusion", () => {
    const holds = fc.property(size, fc.nat(), fc.nat(), fc.nat(), (treeSize, at, bit, change) => {
      const leafIndex = at % treeSize;
      const claim = {
        leafIndex,
        treeSize,
        leafHash: hashes.slice(leafIndex * 32, leafIndex * 32 + 32),
        inclusionPath: tree.inclusionProof(leafIndex, treeSize),
        rootHash: tree.root(treeSize),
      };
      const fields = [claim.leafHash, claim.rootHash, ...claim.inclusionPath];
      const field = fields[change % fields.length] ?? claim.rootHash;
      field[bit % 32] = (field[bit % 32] ?? 0) ^ (1 << (bit % 8));
      expect(verifyInclusion(claim)).toBe(false);
      field[bit % 32] = (field[bit % 32] ?? 0) ^ (1 << (bit % 8));
      expect(verifyInclusion(claim)).toBe(true);
      const other = (leafIndex + 1 + (change % (treeSize - 1))) % treeSize;
      expect(verifyInclusion({ ...claim, leafIndex: other })).toBe(false);
      expect(verifyInclusion({ ...claim, inclusionPath: claim.inclusionPath.slice(1) })).toBe(false);
      expect(verifyInclusion({ ...claim, inclusionPath: [...claim.inclusionPath, claim.rootHash] })).toBe(false);
      expect(verifyInclusion({ ...claim, inclusionPath: [claim.leafHash, ...claim.inclusionPath] })).toBe(false);
    });
    expect(() => fc.assert(holds, { numRuns: times(200) })).not.toThrow();
  });

  test("no other pair of sizes and no flipped bit proves a consistency", () => {
    const holds = fc.property(size, fc.nat(), fc.nat(), (second, at, bit) => {
      const first = 1 + (at % (second - 1));
      const claim = {
        first,
        second,
        firstHash: tree.root(first),
        secondHash: tree.root(second),
        consistencyPath: tree.consistencyProof(first, second),
      };
      expect(verifyConsistency(claim)).toBe(true);
      expect(verifyConsistency({ ...claim, firstHash: claim.secondHash, secondHash: claim.firstHash })).toBe(false);
      for (const field of [claim.firstHash, claim.secondHash, ...claim.consistencyPath]) {
        field[bit % 32] = (field[bit % 32] ?? 0) ^ (1 << (bit % 8));
        expect(verifyConsistency(claim)).toBe(false);
        field[bit % 32] = (field[bit % 32] ?? 0) ^ (1 << (bit % 8));
      }
      expect(verifyConsistency({ ...claim, consistencyPath: claim.consistencyPath.slice(1) })).toBe(false);
    });
    expect(() => fc.assert(holds, { numRuns: times(200) })).not.toThrow();
  });
});

test("a frontier that is not one is refused", () => {
  const hash = new Uint8Array(32);
  expect(() => assertFrontier({ size: 3, hashes: hash })).toThrow("not the frontier of 3");
  expect(() => assertFrontier({ size: -1, hashes: hash })).toThrow();
  expect(() => frontierRoot({ size: 2 ** 53, hashes: hash })).toThrow();
  expect(() => appendLeafHash(emptyFrontier, new Uint8Array(31))).toThrow("not 31");
  const last = { size: Number.MAX_SAFE_INTEGER - 1, hashes: new Uint8Array(52 * 32) };
  expect(appendLeafHash(last, hash).size).toBe(Number.MAX_SAFE_INTEGER);
  const full = { size: Number.MAX_SAFE_INTEGER, hashes: new Uint8Array(53 * 32) };
  expect(() => appendLeafHash(full, hash)).toThrow("full");
});
