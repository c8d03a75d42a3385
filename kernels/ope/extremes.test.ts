/** Numbers at the ends of what a double holds, logs that drift, and rows that no policy could have written. */
import { describe, expect, test } from "bun:test";
import { createOffPolicy, type Decisions, NO_TUNING } from "./index.ts";
import { referenceEstimates } from "./reference.ts";

const kernel = createOffPolicy();
const column = (rows: number, value: number | ((row: number) => number)): Float64Array => Float64Array.from({ length: rows }, (_, row) => (typeof value === "number" ? value : value(row)));
const log = (rows: number, p_eval: number | ((row: number) => number), p_log: number | ((row: number) => number), reward: number | ((row: number) => number)): Decisions => ({ p_eval: column(rows, p_eval), p_log: column(rows, p_log), reward: column(rows, reward) });
const coin = (row: number): number => row & 1;

describe("estimates", () => {
  test.each([["a mean that jumps by a million after the first block", (row: number) => (row < 2_048 ? 0 : 1e6) + coin(row)], ["a first row of a billion", (row: number) => (row === 0 ? 1e9 : coin(row))], ["a mean that climbs", (row: number) => row + coin(row)]])("%s keep their errors' digits", (_, reward) => {
    const drifting = log(20_001, 0.5, (row) => 0.25 + 0.5 * coin(row >> 1), reward);
    const [got, wanted] = [kernel.estimate(drifting, null), referenceEstimates(drifting, null, NO_TUNING)];
    for (const [one, other] of [[got.logged, wanted.logged], [got.values.ips, wanted.values.ips], [got.values.gain_ips, wanted.values.gain_ips]]) {
      expect(Math.abs((one?.value ?? Number.NaN) / (other?.value ?? Number.NaN) - 1)).toBeLessThan(1e-12);
      expect(Math.abs((one?.se ?? Number.NaN) / (other?.se ?? Number.NaN) - 1)).toBeLessThan(1e-10);
    }
  });

  test("weights of a billion are weights, and numbers whose squares have no sum are an error, not an estimate of NaN", () => {
    expect(kernel.estimate(log(10, 1, (row) => (row === 3 ? 1e-9 : 1), 1), null).weight_max).toBeCloseTo(1e9, 4);
    expect(() => kernel.estimate(log(10, 1, (row) => (row === 3 ? 5e-324 : 1), 1), null)).toThrow("so large");
    expect(() => kernel.estimate(log(10, 1, 0.5, (row) => row * 1e300), null)).toThrow("so large");
    expect(kernel.estimate(log(4, 5e-324, 5e-324, 1), null).values.ips?.value).toBe(1);
  });

  test("a model's number that is none is refused, and a row with two faults is one row", () => {
    const bad = log(2_050, 0.5, 0.5, coin);
    bad.reward[2_049] = Number.NaN;
    const [q_logged, q_pi] = [column(2_050, 0), column(2_050, 0)];
    q_logged[2_049] = Number.POSITIVE_INFINITY;
    expect(() => kernel.estimate(bad, { q_logged, q_pi })).toThrow("1 of 2050 rows are no decision");
    q_pi[7] = Number.NaN;
    expect(() => kernel.estimate(bad, { q_logged, q_pi })).toThrow("2 of 2050 rows are no decision");
  });
});

describe("the anytime-valid sequence", () => {
  const ask = (decisions: Decisions, at: readonly number[] = [decisions.reward.length]) => kernel.sequence(decisions, 0, 1, 0.05, at);
  test.each([["a propensity of zero", "p_log", 0], ["a propensity above one", "p_log", 2], ["no propensity", "p_log", Number.NaN], ["a judged probability below zero", "p_eval", -0.1], ["no reward", "reward", Number.NaN], ["a reward above the most", "reward", 1.5], ["a reward below the least", "reward", -1e-9]] as const)("refuses %s", (_, field, value) => {
    const bad = log(3_000, 0.5, 0.5, coin);
    bad[field][2_999] = value;
    expect(() => ask(bad)).toThrow("1 of the first 3000 rows");
  });

  test("refuses weights without a sum, and rows that do not ascend", () => {
    expect(() => ask(log(10, 1, 5e-324, 0.5))).toThrow("so large");
    const good = log(100, 0.5, 0.5, coin);
    for (const at of [[50, 10], [10, 10], [0], [1.5], [101]]) expect(() => ask(good, at)).toThrow("do not ascend");
  });

  test("answers where the variance is beyond any series' patience", () => {
    // A weight of a billion is a variance of 1e18; a series would take the root of it, for each of sixty halvings.
    const [{ lower, upper } = { lower: Number.NaN, upper: Number.NaN }] = ask(log(1_000, (row) => (row === 500 ? 1 : 0.5), (row) => (row === 500 ? 1e-9 : 0.5), 1));
    expect([lower, upper]).toEqual([0, 1]);
    const many = ask(log(200_000, (row) => (row % 1_000 === 0 ? 1 : 0), (row) => (row % 1_000 === 0 ? 1e-3 : 1), 0.5));
    expect(many[0]?.lower).toBeGreaterThan(0.3);
    expect(many[0]?.upper).toBeLessThan(0.7);
  });
});

describe("betting", () => {
  const lower = (rows: number, value: number, alpha = 0.05): number => kernel.bettingLower(column(rows, value), alpha);
  test("no rows, one row, and all alike", () => {
    expect([lower(0, 1), lower(1, 1), lower(1, 0), lower(10_000, 0)]).toEqual([0, 0, 0, 0]);
    expect(lower(10_000, 1)).toBeGreaterThan(0.999);
    expect(lower(10_000, 1)).toBeLessThan(1);
    for (const tiny of [5e-324, 1e-300, 1e-12]) expect(lower(10_000, tiny)).toBeLessThanOrEqual(tiny);
  });
  test("an alpha as small as they come asks for more, and none goes past the mean", () => {
    const bounds = [5e-324, 1e-300, 1e-10, 0.05, 0.5].map((alpha) => kernel.bettingLower(column(4_000, coin), alpha));
    expect(bounds.toSorted((a, b) => a - b)).toEqual(bounds);
    expect(bounds[0]).toBeGreaterThan(0.2);
    expect(bounds.at(-1)).toBeLessThan(0.5);
  });
});
