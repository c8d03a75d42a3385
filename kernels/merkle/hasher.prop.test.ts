import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chosenHasher, createChosenHasher, nativeHasher, wasmHasher } from "./choose.ts";
import type { Hasher } from "./hasher.ts";
import { createNativeHasher, nobleHashInto } from "./native.ts";
import { MTH } from "./reference.ts";
import { times } from "../../daemon/testing/scale.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** By way of the reference: a tree of one leaf is its leaf hash. */
const referenceLeaves = (leaves: readonly Uint8Array[]): string => leaves.map((leaf) => hex(MTH([leaf]))).join("");

const engines: readonly Hasher[] = [
  wasmHasher(),
  nativeHasher,
  { ...createNativeHasher(nobleHashInto), name: "noble" },
  chosenHasher(),
  { ...createChosenHasher(nativeHasher, wasmHasher, () => "software"), name: "chosen without SHA instructions" },
];

/** Bytes that differ at every position and between seeds, so a swapped lane or word shows. */
const filled = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 151 + seed * 89 + (i >> 8)) & 0xff);

describe.each(engines.map((engine) => [engine.name, engine] as const))("%s", (_name, engine) => {
  test("hashes every length from 0 to 300 as the reference does, alone and in one batch", () => {
    const leaves = Array.from({ length: 301 }, (_, length) => filled(length, length));
    expect(hex(engine.leafHashes(leaves))).toBe(referenceLeaves(leaves));
    for (const leaf of leaves) expect(hex(engine.leafHashes([leaf]))).toBe(hex(MTH([leaf])));
  });

  test("hashes every batch size from 0 to 70, of equal and of mixed lengths", () => {
    for (let count = 0; count <= 70; count++) {
      const equal = Array.from({ length: count }, (_, i) => filled(64, i));
      const mixed = Array.from({ length: count }, (_, i) => filled((i * 37) % 200, i));
      expect(hex(engine.leafHashes(equal))).toBe(referenceLeaves(equal));
      expect(hex(engine.leafHashes(mixed))).toBe(referenceLeaves(mixed));
    }
  });

  test("hashes leaves around every border: blocks, the scratch, the arena, several arenas", () => {
    const borders = [55, 56, 64, 119, 120, 4095, 4096, 4097, 262_072, 262_080, 262_144, 2 * 262_144];
    const leaves = borders.flatMap((border) => [border - 1, border, border + 1].map((length) => filled(length, border)));
    // A short leaf after each long one: a stream must leave no state behind.
    const mixed = leaves.flatMap((leaf) => [leaf, filled(3, leaf.length)]);
    expect(hex(engine.leafHashes(mixed))).toBe(referenceLeaves(mixed));
  });

  test("hashes bare messages around block borders as SHA-256, and keeps no trace of the one before", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 128, 1000, 262_135, 262_136, 300_000]) {
      const message = filled(length, length);
      expect(hex(engine.sha256(message))).toBe(new Bun.CryptoHasher("sha256").update(message).digest("hex"));
    }
  });

  test("hashes every number of nodes from 0 to 70, and more than one arena of them", () => {
    for (const pairs of [...Array(71).keys(), 1023, 1024, 1025, 4095, 4096, 4097, 9001]) {
      const children = filled(pairs * 64, pairs);
      let expected = "";
      for (let at = 0; at < children.length; at += 64) {
        expected += new Bun.CryptoHasher("sha256").update(Uint8Array.of(1)).update(children.subarray(at, at + 64)).digest("hex");
      }
      expect(hex(engine.nodeHashes(children)) === expected, `${pairs} pairs`).toBe(true);
    }
  });

  test("refuses children that are not whole pairs", () => {
    expect(() => engine.nodeHashes(new Uint8Array(63))).toThrow("not whole pairs");
  });

  test("reads leaves that lie in the middle of a larger buffer", () => {
    const buffer = filled(1000, 1);
    const leaves = [buffer.subarray(13, 77), buffer.subarray(77, 77), buffer.subarray(500, 633)];
    expect(hex(engine.leafHashes(leaves))).toBe(referenceLeaves(leaves));
  });
});

test("all engines agree with the reference on random batches", () => {
  const batch = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 40 });
  const holds = fc.property(batch, (leaves) => {
    const expected = referenceLeaves(leaves);
    for (const engine of engines) expect(hex(engine.leafHashes(leaves))).toBe(expected);
  });
  expect(() => fc.assert(holds, { numRuns: times(60) })).not.toThrow();
});
