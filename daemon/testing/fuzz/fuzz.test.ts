/** A short look with a fixed seed; `bench/fuzz.nightly.ts` looks longer. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cpuMs } from "../cpu.ts";
import { times } from "../scale.ts";
import { fuzz, type Target } from "./fuzz.ts";
import { diceOf, mutated } from "./mutate.ts";
import { TARGETS } from "./targets.ts";

setDefaultTimeout(120_000);
const SEED = 20_261_122;

test.each(TARGETS.map((target) => [target.name, target] as const))("%s: every mutant is taken or refused, in bounded time", async (_name, target) => {
  const { wrong, inputs, taken, refused } = await fuzz(target, SEED, times(2_000), times(450));
  expect(wrong).toEqual([]);
  expect([inputs > 5, taken + refused]).toEqual([true, inputs]);
  // A target whose sound inputs are refused looks at nothing.
  expect(taken).toBeGreaterThan(0);
});

test("canary: a parser that throws, one that hangs for a moment and one that takes too much are all found", async () => {
  const sound = [new Uint8Array([1, 2, 3])];
  const target = (read: Target["read"]): Target => ({ name: "canary", sound, read, refuses: (error) => error instanceof RangeError, input_ms_max: 20 });
  const spin = (ms: number): void => {
    for (const ends_ms = cpuMs() + ms; cpuMs() < ends_ms; );
  };
  const throws = await fuzz(target((bytes) => (bytes[0] === 1 ? null : JSON.parse("{"))), SEED, 200, 5_000);
  const hangs = await fuzz(target((bytes) => (bytes.length > 1_000 ? spin(30) : null)), SEED, 200, 5_000);
  expect([throws.wrong.length > 0, hangs.wrong[0]]).toEqual([true, expect.stringMatching(/took [0-9]+ ms/)]);
});

test("the same seed gives the same mutants, another one others", () => {
  const of = (seed: number): string => {
    const dice = diceOf(seed);
    return Array.from({ length: 50 }, () => Bun.hash(mutated([new Uint8Array([1, 2, 3, 4])], dice)).toString()).join();
  };
  expect(of(1)).toBe(of(1));
  expect(of(1)).not.toBe(of(2));
});
