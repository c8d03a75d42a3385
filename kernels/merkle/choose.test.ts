import { expect, test } from "bun:test";
import { chosenHasher, createChosenHasher, nativeHasher, probeSha, wasmIsCheaper } from "./choose.ts";
import type { Hasher } from "./hasher.ts";
import { createNativeHasher, nobleHashInto } from "./native.ts";

/** Engines that do the work and write down who was asked. */
function recorded(): { asked: string[]; engine: (name: string) => Hasher } {
  const asked: string[] = [];
  const engine = (name: string): Hasher => ({
    ...nativeHasher,
    leafHashes: (leaves) => (asked.push(`${name} ${leaves.length} leaves`), nativeHasher.leafHashes(leaves)),
    nodeHashes: (children) => (asked.push(`${name} ${children.length / 64} nodes`), nativeHasher.nodeHashes(children)),
  });
  return { asked, engine };
}

test("with SHA instructions every batch goes to the builtin", () => {
  const { asked, engine } = recorded();
  const hasher = createChosenHasher(engine("native"), () => engine("wasm"), () => "hardware");
  hasher.leafHashes(Array<Uint8Array>(100).fill(new Uint8Array(32)));
  hasher.nodeHashes(new Uint8Array(64 * 50));
  expect(asked).toEqual(["native 100 leaves", "native 50 nodes"]);
});

test("without them a batch goes to WASM as soon as enough lanes are filled", () => {
  const { asked, engine } = recorded();
  const hasher = createChosenHasher(engine("native"), () => engine("wasm"), () => "software");
  for (const pairs of [1, 2, 3, 4, 50]) hasher.nodeHashes(new Uint8Array(64 * pairs));
  expect(asked).toEqual(["native 1 nodes", "native 2 nodes", "wasm 3 nodes", "wasm 4 nodes", "wasm 50 nodes"]);
});

test("lanes that would wait for one long leaf speak against WASM", () => {
  const lengths = [10_000, 10, 10, 10];
  expect(wasmIsCheaper(4, (i) => lengths[i] ?? 0, "software")).toBe(false);
  expect(wasmIsCheaper(4, () => 10_000, "software")).toBe(true);
});

test("under Bun the process has one hasher that chooses", () => {
  expect(chosenHasher().name).toBe("chosen");
  expect(chosenHasher()).toBe(chosenHasher());
});

test("the processor is asked once, and not before the first batch", () => {
  let asked = 0;
  const hasher = createChosenHasher(nativeHasher, () => nativeHasher, () => (asked++, "hardware"));
  expect(asked).toBe(0);
  hasher.nodeHashes(new Uint8Array(64));
  hasher.nodeHashes(new Uint8Array(64));
  expect(asked).toBe(1);
});

test("the probe tells a slow engine from a fast one and forgives all but its best run", () => {
  const clockOf = (steps: readonly number[]): (() => number) => {
    let now = 0;
    let step = 0;
    return () => (now += steps[step++ % steps.length] ?? 0);
  };
  // Between two readings of one run: 65 blocks at 42 ns, 170 ns; a run disturbed by others is many times that.
  expect(probeSha(clockOf([0, 65 * 42]), nativeHasher)).toBe("hardware");
  expect(probeSha(clockOf([0, 65 * 170]), nativeHasher)).toBe("software");
  expect(probeSha(clockOf([0, 900_000, 0, 900_000, 0, 65 * 42]), nativeHasher)).toBe("hardware");
});

test("the probe finds that SHA-256 in JavaScript uses no SHA instructions", () => {
  expect(probeSha(() => Bun.nanoseconds(), createNativeHasher(nobleHashInto))).toBe("software");
});
