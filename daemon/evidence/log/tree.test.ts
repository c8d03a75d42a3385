import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chosenHasher, growTree, verifyConsistency, verifyInclusion, type NodePosition, type ReadNode } from "../../../kernels/merkle/index.ts";
import { concatBytes } from "../../../proto/encoding.ts";
import { grow, storedConsistencyProof, storedInclusionProof, storedRoot } from "./tree.ts";
import { times } from "../../testing/scale.ts";

/** Nodes as the log stores them, counting reads. */
function memory() {
  const nodes = new Map<string, Uint8Array>();
  const count = { reads: 0 };
  const read: ReadNode = ({ level, index }: NodePosition) => {
    count.reads += 1;
    const hash = nodes.get(`${level}/${index}`);
    if (hash === undefined) throw new Error(`node ${level}/${index} was never stored`);
    return hash;
  };
  let size = 0;
  return {
    read,
    count,
    append(leafHashes: readonly Uint8Array[]) {
      const grown = grow(size, leafHashes, read);
      for (const { level, index, hash } of grown.nodes) nodes.set(`${level}/${index}`, hash);
      size = grown.frontier.size;
      return grown;
    },
  };
}

const leaf = (i: number): Uint8Array => chosenHasher().leafHashes([Uint8Array.of(i >> 8, i & 255)]);
const leaves = (n: number): Uint8Array[] => Array.from({ length: n }, (_, i) => leaf(i));

test("grown in any batches, the tree is the kernel's, and so is every older root", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), (batches) => {
      const log = memory();
      const all = leaves(batches.reduce((sum, n) => sum + n, 0));
      const tree = growTree(concatBytes(...all));
      let at = 0;
      for (const n of batches) {
        expect(log.append(all.slice(at, at + n)).root).toEqual(tree.root(at + n));
        at += n;
      }
      for (let size = 0; size <= at; size++) expect(storedRoot(size, log.read)).toEqual(tree.root(size));
    }),
    { numRuns: times(40) },
  );
});

test("all proofs of all sizes to 40 verify, and are the kernel's", () => {
  const log = memory();
  const all = leaves(40);
  log.append(all);
  const tree = growTree(concatBytes(...all));
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const inclusionPath = storedInclusionProof(index, size, log.read);
      expect(inclusionPath).toEqual(tree.inclusionProof(index, size));
      expect(verifyInclusion({ leafIndex: index, treeSize: size, leafHash: leaf(index), inclusionPath, rootHash: tree.root(size) })).toBe(true);
    }
    for (let first = 1; first <= size; first++) {
      const consistencyPath = storedConsistencyProof(first, size, log.read);
      expect(verifyConsistency({ first, second: size, firstHash: tree.root(first), secondHash: tree.root(size), consistencyPath })).toBe(true);
    }
  }
});

describe("reads", () => {
  test("of a proof grow with the logarithm of the log", () => {
    const log = memory();
    const size = 10_007;
    log.append(Array.from({ length: size }, (_, i) => leaf(i)));
    let most = 0;
    for (let index = 0; index < size; index += 97) {
      log.count.reads = 0;
      storedInclusionProof(index, size, log.read);
      most = Math.max(most, log.count.reads);
    }
    log.count.reads = 0;
    storedConsistencyProof(5_003, size, log.read);
    expect(most).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size)));
    expect(log.count.reads).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size)));
  });
  test("an append to a full tree reads one left sibling a level", () => {
    const log = memory();
    log.append(leaves(1023));
    log.count.reads = 0;
    log.append([leaf(1023)]);
    expect(log.count.reads).toBeLessThanOrEqual(11);
  });
});
