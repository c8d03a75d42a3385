/** Open Bandit Data, 10,000 rows each way, against the figures of OBP 0.5.7 and vw-estimators 0.2.2 on the same rows. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../../daemon/testing/skip.ts";
import { createOffPolicy, type Decisions, type Estimates, type Estimator, type Model } from "./index.ts";

const FIXTURES = join(import.meta.dir, "../../../shared/fixtures/obd");
const skip = skipWithout(existsSync(FIXTURES), "Open Bandit Data is not beside this checkout");

interface Reference {
  readonly estimates: { readonly logreg: Record<string, Wanted>; readonly tabular: Record<string, Wanted> };
  readonly diagnostics: { readonly mean_weight: number; readonly max_weight: number; readonly ess: number; readonly min_pscore: number; readonly zero_weight_rows: number; readonly behavior_mean_reward: number };
  readonly maestro_extra: { readonly snips_delta_se: number };
  readonly vw_estimators: { readonly anytime_cs_trajectory: Record<string, [number, number]> };
}
interface Wanted {
  readonly value: number;
  readonly se: number;
  readonly obp_bootstrap95?: [number, number];
}

const COLUMNS = ["t_ms", "action", "position", "reward", "p_log", "p_eval", "q_logged", "q_pi"] as const;
type Columns = Record<(typeof COLUMNS)[number], Float64Array>;

function read(slice: string): { columns: Columns; policy: number[][]; reference: Reference } {
  const lines = readFileSync(join(FIXTURES, `${slice}.rows.csv`), "utf8").trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  const columns = Object.fromEntries(COLUMNS.map((name, i) => [name, Float64Array.from(lines, (line) => line[i] ?? Number.NaN)])) as Columns;
  const { [slice]: reference } = JSON.parse(readFileSync(join(FIXTURES, "reference.json"), "utf8")) as Record<string, Reference>;
  const policy = JSON.parse(readFileSync(join(FIXTURES, `${slice}.policy.json`), "utf8")) as { p_eval: number[][] };
  return { columns, policy: policy.p_eval, reference: reference as Reference };
}

/** OBP's names for what a tuning of 10 and 100, and one of 2 and 1, gives. */
const LARGE = { ips: "ips", snips: "snips", clip_ips: "ips_clip10", sg_ips: "sg_ips_0.1", dm: "dm", dr: "dr", sndr: "sndr", clip_dr: "dr_clip10", switch_dr: "switch_dr_10", dros: "dros_100", sg_dr: "sg_dr_0.1" } as const;
const SMALL = { clip_ips: "ips_clip2", switch_dr: "switch_dr_1", dros: "dros_1" } as const;

function compare(got: Estimates, names: Partial<Record<Estimator, string>>, wanted: Record<string, Wanted>): number {
  let compared = 0;
  for (const [name, theirs] of Object.entries(names) as [Estimator, string][]) {
    const want = wanted[theirs];
    // IPS and its kin use no model, and stand under one of the two alone.
    if (want === undefined) continue;
    expect(Math.abs((got.values[name]?.value ?? Number.NaN) - want.value)).toBeLessThan(1e-12);
    expect(Math.abs((got.values[name]?.se ?? Number.NaN) - want.se)).toBeLessThan(1e-12);
    compared++;
  }
  return compared;
}

/** The reference's second model: of each action at each position the mean reward of the other folds, drawn to the overall mean as if 100 rows had said it. */
function tabular({ action, position, reward }: Columns, policy: number[][]): Model {
  const [FOLDS, SHRINK] = [3, 100];
  const rows = reward.length;
  const q_logged = new Float64Array(rows);
  const q_pi = new Float64Array(rows);
  for (let fold = 0; fold < FOLDS; fold++) {
    const cells = new Map<string, { clicks: number; count: number }>();
    let [clicks, count] = [0, 0];
    const key = (a: number, p: number): string => `${a} ${p}`;
    for (let i = 0; i < rows; i++) {
      if (i % FOLDS === fold) continue;
      const name = key(action[i] as number, position[i] as number);
      const cell = cells.get(name) ?? { clicks: 0, count: 0 };
      cells.set(name, { clicks: cell.clicks + (reward[i] as number), count: cell.count + 1 });
      clicks += reward[i] as number;
      count++;
    }
    const q = (a: number, p: number): number => ((cells.get(key(a, p))?.clicks ?? 0) + SHRINK * (clicks / count)) / ((cells.get(key(a, p))?.count ?? 0) + SHRINK);
    for (let i = fold; i < rows; i += FOLDS) {
      const at = position[i] as number;
      q_logged[i] = q(action[i] as number, at);
      q_pi[i] = (policy[at] ?? []).reduce((sum, p, a) => sum + p * q(a, at), 0);
    }
  }
  return { q_logged, q_pi };
}

const decisionsOf = ({ p_eval, p_log, reward }: Columns): Decisions => ({ p_eval, p_log, reward });

describe.skipIf(skip)("Open Bandit Data", () => {
  test.each(["men_random_to_bts", "men_bts_to_random"])("%s: estimates, errors and diagnostics", (slice) => {
    const { columns, policy, reference } = read(slice);
    const kernel = createOffPolicy();
    const decisions = decisionsOf(columns);
    const large = { clip: 10, switch_at: 10, dros: 100, subgaussian: 0.1 };
    const small = { clip: 2, switch_at: 1, dros: 1, subgaussian: 0.1 };
    const models = { logreg: { q_logged: columns.q_logged, q_pi: columns.q_pi }, tabular: tabular(columns, policy) };
    for (const name of ["logreg", "tabular"] as const) {
      const wanted = reference.estimates[name];
      expect(compare(kernel.estimate(decisions, models[name], large), LARGE, wanted) + compare(kernel.estimate(decisions, models[name], small), SMALL, wanted)).toBe(Object.keys(wanted).length);
    }
    const { diagnostics, maestro_extra } = reference;
    const got = kernel.estimate(decisions, null);
    expect(Math.abs(got.ess - diagnostics.ess)).toBeLessThan(1e-9);
    expect(Math.abs(got.weight.value - diagnostics.mean_weight)).toBeLessThan(1e-12);
    expect([got.weight_max, got.propensity_min, got.weight_zero_rows]).toEqual([diagnostics.max_weight, diagnostics.min_pscore, diagnostics.zero_weight_rows]);
    expect(Math.abs(got.logged.value - diagnostics.behavior_mean_reward)).toBeLessThan(1e-15);
    expect(Math.abs(got.snips_delta_se - maestro_extra.snips_delta_se)).toBeLessThan(1e-15);
  });

  test.each(["men_random_to_bts", "men_bts_to_random"])("%s: the anytime-valid sequence along the log", (slice) => {
    const { columns, reference } = read(slice);
    const wanted = reference.vw_estimators.anytime_cs_trajectory;
    const at = Object.keys(wanted).map(Number);
    const points = createOffPolicy().sequence(decisionsOf(columns), 0, 1, 0.05, at);
    expect(points.map(({ rows }) => rows)).toEqual(at);
    for (const { rows, lower, upper } of points) {
      expect(Math.abs(lower - (wanted[rows]?.[0] ?? Number.NaN))).toBeLessThan(1e-9);
      expect(Math.abs(upper - (wanted[rows]?.[1] ?? Number.NaN))).toBeLessThan(1e-9);
    }
  });

  test.each(["men_random_to_bts", "men_bts_to_random"])("%s: bootstrap intervals of each estimator within their Monte-Carlo error", (slice) => {
    const { columns: { p_eval, p_log, reward, q_logged, q_pi }, reference } = read(slice);
    const at = (column: Float64Array, row: number): number => column[row] ?? Number.NaN;
    const weight = (row: number): number => at(p_eval, row) / at(p_log, row);
    const robust = (of: (w: number) => number) => (row: number): number => at(q_pi, row) + of(weight(row)) * (at(reward, row) - at(q_logged, row));
    const mean_weight = reference.diagnostics.mean_weight;
    /** What each of OBP's draws is a mean of; the mean weight of its SNIPS is that of the whole sample. */
    const terms: Readonly<Record<string, (row: number) => number>> = {
      ips: (row) => weight(row) * at(reward, row),
      snips: (row) => (weight(row) * at(reward, row)) / mean_weight,
      ips_clip10: (row) => Math.min(weight(row), 10) * at(reward, row),
      dm: (row) => at(q_pi, row),
      dr: robust((w) => w),
      switch_dr_10: robust((w) => (w <= 10 ? w : 0)),
      dros_100: robust((w) => (100 * w) / (w * w + 100)),
    };
    const kernel = createOffPolicy();
    const intervals = Object.entries(reference.estimates.logreg).flatMap(([name, { obp_bootstrap95: ends }]) => (ends === undefined ? [] : [[name, ends] as const]));
    expect(intervals.map(([name]) => name).sort()).toEqual(Object.keys(terms).sort());
    for (const [name, [low, high]] of intervals) {
      const draws = kernel.bootstrap(Float64Array.from(reward, (_, row) => terms[name]?.(row) ?? Number.NaN), null, 2_000, 11).sort();
      const quantile = (share: number): number => draws[Math.floor(share * draws.length)] as number;
      // A quantile's own error, from the draws beside it, for both of the two bootstraps.
      const error = (share: number): number => Math.abs(quantile(share + 0.008) - quantile(share - 0.008)) * 1.5;
      expect([name, Math.abs(quantile(0.025) - low) < error(0.025), Math.abs(quantile(0.975) - high) < error(0.975)]).toEqual([name, true, true]);
    }
  });
});
