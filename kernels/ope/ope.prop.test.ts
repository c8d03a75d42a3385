/** The kernel against estimators written out row by row, and what it says to rows that are no decisions. */
import { describe, expect, test } from "bun:test";
import { createOffPolicy, type Decisions, type Estimates, type Model, NO_TUNING } from "./index.ts";
import { referenceBet, referenceEstimates } from "./reference.ts";
import { SEED } from "../../daemon/testing/seed.ts";

/** mulberry32, in [0, 1). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const column = (rows: number, value: () => number): Float64Array => Float64Array.from({ length: rows }, value);

function log(rows: number, next: () => number, around: number): Decisions & Model {
  const unit = () => next();
  return {
    p_eval: column(rows, () => (next() < 0.1 ? 0 : next())),
    p_log: column(rows, () => 0.01 + 0.99 * next()),
    reward: column(rows, () => around + 2 * next() - 1),
    q_logged: column(rows, () => around + unit()),
    q_pi: column(rows, () => around + unit()),
  };
}

/** A root of what is left of sums that cancel, as `Estimates` says of it: its square keeps the digits. */
const squared = (name: string, value: number): number => (name.endsWith("snips_delta_se") ? value * value : value);

/** Every number of it, by name. */
function numbers(of: Estimates): [string, number][] {
  const flat = (name: string, value: unknown): [string, number][] => (typeof value === "number" ? [[name, squared(name, value)]] : Object.entries(value as object).flatMap(([key, part]) => flat(`${name}.${key}`, part)));
  return flat("", of);
}

function expectAlike(got: Estimates, wanted: Estimates, scale: number): void {
  const want = new Map(numbers(wanted));
  expect(numbers(got).map(([name]) => name).sort()).toEqual([...want.keys()].sort());
  const apart = numbers(got).filter(([name, value]) => {
    const other = want.get(name) ?? Number.NaN;
    return !(Object.is(value, other) || Math.abs(value - other) <= 1e-11 * Math.max(scale, Math.abs(other)));
  });
  expect(apart.map(([name, value]) => `${name}: ${value}, not ${want.get(name)}`)).toEqual([]);
}

test(`every estimate and diagnostic equals the reference, for any number of rows, seed ${SEED}`, () => {
  const next = dice(SEED);
  const kernel = createOffPolicy();
  const lengths = [1, 2, 3, 7, 2047, 2048, 2049, 4095, 5000, ...Array.from({ length: 20 }, () => 1 + Math.floor(300 * next()))];
  for (const rows of lengths) {
    const drawn = log(rows, next, 0);
    const tuning = { clip: 5 * next(), switch_at: 8 * next(), dros: 50 * next(), subgaussian: next() };
    expectAlike(kernel.estimate(drawn, drawn, tuning), referenceEstimates(drawn, drawn, tuning), 1);
    expectAlike(kernel.estimate(drawn, null, tuning), referenceEstimates(drawn, null, tuning), 1);
  }
});

test("a spread of one around a million keeps its digits", () => {
  const drawn = log(3_001, dice(5), 1e6);
  const { logged } = createOffPolicy().estimate(drawn, null);
  const wanted = referenceEstimates(drawn, null, NO_TUNING).logged;
  expect(Math.abs(logged.se / wanted.se - 1)).toBeLessThan(1e-9);
});

test("the same log gives the same bits, asked again or by another instance", () => {
  const drawn = log(10_001, dice(9), 0);
  const [one, other] = [createOffPolicy(), createOffPolicy()];
  const first = one.estimate(drawn, drawn);
  one.estimate(log(77, dice(1), 3), null);
  expect(numbers(one.estimate(drawn, drawn))).toEqual(numbers(first));
  expect(numbers(other.estimate(drawn, drawn))).toEqual(numbers(first));
  // Pinned: these very bits come out on any machine and in any engine.
  expect([first.values.dr?.value, first.values.snips?.se, first.ess]).toEqual([-0.5633678537802659, 0.015539708728511042, 1360.7235760450112]);
});

describe("rows that are no decisions are refused, wherever they stand", () => {
  const rows = 2_050;
  const bad: readonly (readonly [string, keyof Decisions, number])[] = [
    ["a propensity of zero", "p_log", 0],
    ["a propensity above one", "p_log", 1.5],
    ["a propensity that is missing", "p_log", Number.NaN],
    ["a negative propensity", "p_log", -0.5],
    ["a judged probability above one", "p_eval", 1.01],
    ["a judged probability that is missing", "p_eval", Number.NaN],
    ["a reward that is no number", "reward", Number.NaN],
    ["an endless reward", "reward", Number.POSITIVE_INFINITY],
  ];
  test.each(bad)("%s", (_, field, value) => {
    const kernel = createOffPolicy();
    for (const row of [0, 1, 2_047, 2_048, rows - 1]) {
      const drawn = log(rows, dice(3), 0);
      drawn[field][row] = value;
      expect(() => kernel.estimate(drawn, null)).toThrow("1 of 2050 rows are no decision");
    }
  });
  test("no rows, and columns of different length", () => {
    const kernel = createOffPolicy();
    const drawn = log(4, dice(3), 0);
    expect(() => kernel.estimate(log(0, dice(3), 0), null)).toThrow("nothing can be estimated");
    expect(() => kernel.estimate({ ...drawn, p_log: drawn.p_log.subarray(1) }, null)).toThrow("different length");
  });
});

test(`betting refutes what the reference refutes, seed ${SEED}`, () => {
  const next = dice(SEED);
  const kernel = createOffPolicy();
  for (const rows of [1, 31, 32, 33, 700, 5_000]) {
    const power = 1 + 3 * next();
    const values = Float64Array.from({ length: rows }, () => next() ** power);
    const lower = kernel.bettingLower(values, 0.05);
    // Just below the bound the reference refutes too, just above it does not.
    if (lower > 1e-6) expect(referenceBet([...values], lower * (1 - 1e-7), 0.05)).toBe(true);
    expect(referenceBet([...values], lower * (1 + 1e-7) + 1e-9, 0.05)).toBe(false);
  }
});

test("a resample is the mean of as many rows, and a ratio is of the rows drawn together", () => {
  const kernel = createOffPolicy();
  const top = Float64Array.from({ length: 1_001 }, (_, i) => i);
  const ones = kernel.bootstrap(Float64Array.from({ length: 5 }, () => 1), null, 10, 1);
  expect([...ones]).toEqual(Array.from({ length: 10 }, () => 1));
  expect([...kernel.bootstrap(top, top, 10, 1)]).toEqual(Array.from({ length: 10 }, () => 1));
  const means = kernel.bootstrap(top, null, 4_000, 7);
  const middle = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  const spread = Math.sqrt(means.reduce((sum, mean) => sum + (mean - middle) ** 2, 0) / means.length);
  // 500 and 288.96 / sqrt(1001), each within four of its own errors.
  expect(Math.abs(middle - 500)).toBeLessThan(4 * (9.133 / Math.sqrt(4_000)));
  expect(Math.abs(spread / 9.133 - 1)).toBeLessThan(4 / Math.sqrt(2 * 4_000));
  expect([...kernel.bootstrap(top, null, 3, 7)]).toEqual([...means.subarray(0, 3)]);
});
