import { expect, test } from "bun:test";
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import { skipWithout } from "../../testing/skip.ts";
import { lowerBound, shuffled, upperBound } from "../evaluation/bounds.ts";
import { createFit } from "../fitting/fit.ts";
import { type Answered, fleetHour, fleetRouter, hasTraces, runFleet } from "./testing/fleet.ts";

const SEED = "a1".repeat(16);
const ALPHA = 0.025;
/** How much less of what is asked may be solved for its quality to be called stable. */
const MARGIN = 0.02;
const without = skipWithout(hasTraces, "the traces are not beside the checkout");
const sum = (rows: readonly Answered[], read: (row: Answered) => number): number => rows.reduce((all, row) => all + read(row), 0);

/** The mean of differences in [-1, 1], with ends that hold at any number of rows, 95 % between them. */
function between(values: readonly number[]): { readonly mean: number; readonly lower: number; readonly upper: number } {
  const kernel = createOffPolicy();
  // The hour is learned from as it goes, so its early rows are not as its late ones: the bounds are for rows in no order.
  const of = { values: Float64Array.from(shuffled(values.length), (at) => values[at] ?? 0), least: -1, most: 1 };
  return { mean: values.reduce((all, value) => all + value, 0) / values.length, lower: lowerBound(kernel, of, ALPHA), upper: upperBound(kernel, of, ALPHA) };
}

/** A third of the hour explores around the baseline; what it saw decides from there on, and exploration goes on. */
function learnedRun(arms: readonly string[]): { readonly all: Answered[]; readonly large: Answered[] } {
  const router = fleetRouter(arms);
  const hour = fleetHour();
  const third = Math.floor(hour.length / 3);
  const early = runFleet(router, null, hour.slice(0, third), 0, SEED);
  const fit = createFit({ router, buckets: [{ field: "kind", values: ["code", "chat"] }], count_min: 30, exploration: router.exploration ?? { epsilon: 0, floor: 0 } });
  for (const { context, executed, propensity, reward } of early) fit.add({ context, executed, propensity, reward });
  const late = runFleet(router, fit.policy(), hour.slice(third), third, SEED);
  return { all: [...early, ...late], large: runFleet(fleetRouter(["large"]), null, hour, 0, SEED) };
}

test.skipIf(without)("28,185 requests of the Azure traces: learning which arm suffices costs less than always the largest by far more than a tenth, at stable quality", () => {
  const { all, large } = learnedRun(["local", "mid", "large"]);
  const [cost, before] = [sum(all, ({ usd }) => usd), sum(large, ({ usd }) => usd)];
  const most = Math.max(...large.map(({ usd }) => usd));
  const saved = between(all.map(({ usd }, i) => ((large[i]?.usd ?? 0) - usd) / most));
  const quality = between(all.map(({ reward }, i) => reward - (large[i]?.reward ?? 0)));
  const share = (x: number): string => `${((x * most * all.length * 100) / before).toFixed(1)} %`;
  process.stderr.write(`fleet: always large ${before.toFixed(2)} $, routed ${cost.toFixed(2)} $, saved ${share(saved.mean)} (95 %: ${share(saved.lower)} to ${share(saved.upper)}); solved ${(sum(large, ({ reward }) => reward) / large.length).toFixed(4)} and ${(sum(all, ({ reward }) => reward) / all.length).toFixed(4)}, difference ${quality.mean.toFixed(4)} (95 %: ${quality.lower.toFixed(4)} to ${quality.upper.toFixed(4)})\n`);
  expect(all.length).toBe(28_185);
  expect((saved.lower * most * all.length) / before).toBeGreaterThan(0.1);
  expect(quality.lower).toBeGreaterThan(-MARGIN);
  for (const { mean, lower, upper } of [saved, quality]) expect(mean > lower && mean < upper).toBe(true);
  // Not by luck of what was drawn: whatever ran had the chance that stands beside it.
  const weights = all.map(({ propensity }) => 1 / propensity);
  expect(Math.max(...weights)).toBeLessThanOrEqual(50);
});

test.skipIf(without)("an arm that does harm is found after a handful of its answers; the request after that has the baseline alone, and so have all that follow", () => {
  const router = fleetRouter(["local", "mid", "large", "rogue"]);
  const rows = runFleet(router, null, fleetHour().slice(0, 4_000), 0, SEED);
  const first = rows.findIndex(({ forced }) => forced);
  const harmful = rows.slice(0, first).filter(({ executed, harm }) => executed === "rogue" && harm === 1).length;
  process.stderr.write(`fleet: fallback at request ${first} after ${harmful} harmful answers of ${rows.slice(0, first).filter(({ executed }) => executed === "rogue").length}\n`);
  expect(first).toBeGreaterThan(0);
  expect(harmful).toBeLessThanOrEqual(6);
  expect(rows[first - 1]).toMatchObject({ executed: "rogue", harm: 1, forced: false });
  expect(rows.slice(first).every(({ executed, forced, eligible }) => executed === "large" && forced && eligible.every(({ arm, propensity }) => propensity === (arm === "large" ? 1 : 0)))).toBe(true);
  // The same hour where nobody looks at what came of it.
  const blind = runFleet(router, null, fleetHour().slice(0, 4_000), 0, SEED, () => false);
  expect(blind.some(({ forced }) => forced)).toBe(false);
  expect(blind.filter(({ executed, harm }) => executed === "rogue" && harm === 1).length).toBeGreaterThan(5 * harmful);
});

test.skipIf(without)("the same fleet without the rogue goes its whole hour, and nothing falls back", () => {
  const router = fleetRouter(["local", "mid", "large"]);
  expect(runFleet(router, null, fleetHour().slice(0, 8_000), 0, SEED).some(({ forced }) => forced)).toBe(false);
});
