/**
 * Other people's proofs: the 518 vectors of transparency-dev/merkle, each named
 * after the attack it carries, and the roots of RFC 6962's reference tree.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nativeHasher, wasmHasher } from "./choose.ts";
import { emptyFrontier, frontierRoot } from "./frontier.ts";
import { growTree } from "./tree.ts";
import { verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion } from "./verify.ts";
import own from "./vectors/tree.json";

/** Fields as the vectors name them. Sizes beyond 2^53 come out of JSON rounded, and must be refused for it. */
interface Vector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly size1: number;
  readonly size2: number;
  readonly root: string;
  readonly root1: string;
  readonly root2: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");

/** One decision per folder of the vectors. */
const DECIDE = {
  inclusion: (v: Vector, path: Uint8Array[]) =>
    verifyInclusion({
      leafIndex: v.leafIdx,
      treeSize: v.treeSize,
      leafHash: bytes(v.leafHash),
      inclusionPath: path,
      rootHash: bytes(v.root),
    }),
  consistency: (v: Vector, path: Uint8Array[]) =>
    verifyConsistency({
      first: v.size1,
      second: v.size2,
      firstHash: bytes(v.root1),
      secondHash: bytes(v.root2),
      consistencyPath: path,
    }),
  subtreeinclusion: (v: Vector, path: Uint8Array[]) =>
    verifySubtreeInclusion({
      start: v.start,
      end: v.end,
      leafIndex: v.leafIdx,
      leafHash: bytes(v.leafHash),
      inclusionPath: path,
      rootHash: bytes(v.root),
    }),
  subtreeconsistency: (v: Vector, path: Uint8Array[]) =>
    verifySubtreeConsistency({
      start: v.start,
      end: v.end,
      treeSize: v.size,
      subtreeHash: bytes(v.root1),
      rootHash: bytes(v.root2),
      path,
    }),
} as const;

const COUNTS = { inclusion: 98, consistency: 98, subtreeinclusion: 204, subtreeconsistency: 118 } as const;
const folder = join(import.meta.dir, "../../../shared/vectors/rfc6962-merkle/testdata");
const present = existsSync(folder);
if (!present) process.stderr.write("SKIPPED: the 518 vectors of transparency-dev/merkle, which are not at ../shared/vectors\n");

const filesOf = (kind: string): string[] =>
  readdirSync(join(folder, kind), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));

describe.skipIf(!present)("transparency-dev/merkle", () => {
  for (const kind of ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"] as const) {
    test(`${kind}: all ${COUNTS[kind]} decided as wantErr says`, () => {
      const wrong: string[] = [];
      const files = filesOf(kind);
      for (const file of files) {
        const vector = JSON.parse(readFileSync(join(folder, kind, file), "utf8")) as Vector;
        const accepted = DECIDE[kind](vector, (vector.proof ?? []).map(bytes));
        if (accepted === vector.wantErr) wrong.push(file);
      }
      expect(wrong).toEqual([]);
      expect(files).toHaveLength(COUNTS[kind]);
    });
  }

  test("there are 518, and 36 of them must be accepted", () => {
    const all = Object.keys(COUNTS).flatMap((kind) => filesOf(kind).map((file) => join(folder, kind, file)));
    const accepted = all.filter((file) => !(JSON.parse(readFileSync(file, "utf8")) as Vector).wantErr);
    expect([all.length, accepted.length]).toEqual([518, 36]);
  });
});

describe("the reference tree of RFC 6962", () => {
  // The eight leaves and nine roots every Certificate Transparency implementation tests against.
  const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];

  test.each([["wasm", wasmHasher()] as const, ["native", nativeHasher] as const])("has the published roots: %s", (_name, hasher) => {
    const tree = growTree(hasher.leafHashes(leaves.map((leaf) => new Uint8Array(Buffer.from(leaf, "hex")))), hasher);
    expect(roots.map((_root, size) => hex(tree.root(size)))).toEqual(roots);
    expect(hex(frontierRoot(emptyFrontier, hasher))).toBe(roots[0] ?? "");
  });
});

describe("our own vectors, made by the reference", () => {
  test("roots and proofs are the ones in vectors/tree.json", () => {
    const hasher = wasmHasher();
    for (const { leaves, root, inclusion, consistency } of own.trees) {
      const tree = growTree(hasher.leafHashes(leaves.map((leaf) => new Uint8Array(Buffer.from(leaf, "hex")))), hasher);
      expect(hex(tree.root())).toBe(root);
      expect(leaves.map((_leaf, index) => tree.inclusionProof(index).map(hex))).toEqual(inclusion);
      expect(leaves.map((_leaf, index) => tree.consistencyProof(index + 1).map(hex))).toEqual(consistency);
    }
    expect(own.trees.map(({ leaves }) => leaves.length)).toEqual([1, 2, 3, 5, 8, 13]);
  });
});
