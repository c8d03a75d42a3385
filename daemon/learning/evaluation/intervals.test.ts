/** The intervals that are no bet, against the same numbers by mpmath and scipy 1.17; and what a report shows of a log that drifts. */
import { expect, test } from "bun:test";
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import { bernstein } from "./bounds.ts";
import type { Columns } from "./columns.ts";
import { bootstrapped, normalQuantile } from "./resampled.ts";
import { partsOf } from "./trust.ts";

const kernel = createOffPolicy();
const skewed = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, i) => ((i * 7_919) % 1_009) / 1_009).map((x) => x * x * x * x * x * x);

test("empirical Bernstein has the ends of its theorem, and never any outside of those that were known", () => {
  const { lower, upper } = bernstein(kernel, { values: skewed(5_000), least: 0, most: 2 }, 0.05);
  expect(Math.abs(lower - 0.12850750220161855)).toBeLessThan(1e-14);
  expect(Math.abs(upper - 0.15655504171301965)).toBeLessThan(1e-14);
  expect(bernstein(kernel, { values: skewed(10), least: 0, most: 2 }, 0.05)).toEqual({ lower: 0, upper: 2 });
  expect(bernstein(kernel, { values: skewed(1), least: -1, most: 2 }, 0.05)).toEqual({ lower: -1, upper: 2 });
});

test("quantiles of the normal distribution", () => {
  for (const [share, wanted] of [[0.5, 0], [0.95, 1.6448536269514722], [0.975, 1.959963984540054], [0.999, 3.090232306167813], [1e-6, -4.753424308822899]] as const) expect(Math.abs(normalQuantile(kernel, share) - wanted)).toBeLessThan(1e-10);
});

test("bootstrap by percentiles and BCa, whose ends a skew moves, within the error of 2,000 draws", () => {
  const found = bootstrapped(kernel, skewed(200), 0.05);
  // Of 200,000 draws; the ends of 2,000 are within some 0.0015 of them.
  for (const [method, lower, upper] of [["percentile", 0.1137, 0.1803], ["bca", 0.1156, 0.1828]] as const) {
    expect(Math.abs((found?.[method].lower ?? Number.NaN) - lower)).toBeLessThan(0.003);
    expect(Math.abs((found?.[method].upper ?? Number.NaN) - upper)).toBeLessThan(0.003);
  }
  expect((found?.bca.lower ?? 0) - (found?.percentile.lower ?? 0)).toBeGreaterThan(0.0005);
  expect([bootstrapped(kernel, skewed(1), 0.05), bootstrapped(kernel, new Float64Array(0), 0.05)]).toEqual([null, null]);
});

test("a propensity that drifts over the log shows in the tenths of the report", () => {
  const [rows, none] = [1_005, new Float64Array(1_005)];
  const late = (row: number): boolean => row >= rows / 2;
  const of = (value: (row: number) => number): Float64Array => Float64Array.from({ length: rows }, (_, row) => value(row));
  const columns: Columns = { p_eval: of(() => 0.5), p_log: of((row) => (late(row) ? 0.1 : 0.5)), reward: of((row) => (late(row) ? 0 : 1)), reach: none, unsupported: none, weight_variance: none, cell: none, arm: none, pattern: none, constraints: [] };
  const parts = partsOf(columns);
  expect([parts.length, parts.reduce((sum, part) => sum + part.rows, 0)]).toEqual([10, rows]);
  expect([parts[0], parts[9]].map((part) => [part?.propensity.toFixed(6), part?.weight.toFixed(6), part?.reward])).toEqual([["0.500000", "1.000000", 1], ["0.100000", "5.000000", 0]]);
  expect(partsOf({ ...columns, p_eval: none.subarray(0, 3), p_log: none.subarray(0, 3), reward: none.subarray(0, 3) }).length).toBe(3);
});
