/** The market at three capacities with the exact regret at every prefix, and over a whole day of changing levels; minutes of simulation. Skipped loudly without the traces. */
import { describe, expect, test } from "bun:test";
import { peakOf, totalOf } from "../daemon/market/core/control.ts";
import { createFavours } from "../kernels/oco/index.ts";
import { columnsOf } from "../kernels/oco/loss.ts";
import { bestPrice, paidLosses } from "../kernels/oco/regret.ts";
import { hasTraces, PEAK_SLOTS, USD } from "../daemon/market/testing/azure.ts";
import { judgeMarket, judgeShares } from "../daemon/market/testing/judge.ts";
import { fixedStepper, kernelStepper, simulate } from "../daemon/market/testing/simulate.ts";
import { dayWorld, hourWorld, otherHours, settingsFor, thirteenWorld } from "../daemon/market/testing/worlds.ts";
import { skipWithout } from "../daemon/testing/skip.ts";

const DEADLINE_MS = 900_000;
const WINDOW_SLOTS = 360;
const SLOTS_AN_HOUR = 352;

describe.skipIf(skipWithout(hasTraces, "the market over a day: ../shared/fixtures/traces is not there"))("the market", () => {
  test.each([1.2, 1, 0.8])("with %p times what is used at no price: accepted, with the exact regret of every prefix", (part) => {
    const hour = hourWorld();
    const settings = settingsFor(hour, part, WINDOW_SLOTS);
    const run = simulate({ slots: hour.slots, tenants: 2, stepper: kernelStepper(settings), log: false });
    const { figures, failures } = judgeMarket({ run, free: hour.free, settings, columns: hour.columns, exact_every: 1 });
    process.stdout.write(`market at ${part}: ${JSON.stringify(figures)}\n`);
    expect(failures).toEqual([]);
    expect(figures.exact_over_linear).toBeLessThanOrEqual(1e-9);
    expect(figures.regret_error).toBeLessThan(1e-6);
  }, DEADLINE_MS);

  test("other values, other slots, parts of the hour: accepted as a whole with the same settings, but for the bursts of code alone", () => {
    const failed = [...otherHours()].flatMap(([name, requests]) => {
      const hour = hourWorld(requests);
      const settings = settingsFor(hour, 1, WINDOW_SLOTS);
      const run = simulate({ slots: hour.slots, tenants: 2, stepper: kernelStepper(settings), log: false });
      const { figures, failures } = judgeMarket({ run, free: hour.free, settings, columns: hour.columns, exact_every: 30 });
      process.stdout.write(`market, ${name}: ${JSON.stringify(figures)}\n`);
      expect([name, figures.exact_over_linear <= 1e-9]).toEqual([name, true]);
      return failures.length === 0 ? [] : [[name, ...failures]];
    });
    // Bursts that are over before a price has risen: a fixed price of equal spend does better there.
    expect(failed).toEqual([["code alone", expect.stringContaining("under a fixed price of equal spend")]]);
  }, DEADLINE_MS);

  test("thirteen tenants with other requests of other worth: no minute, wherever it begins, falls below a floor by more than 0.05, and no five fall below it", () => {
    const floors = Array.from({ length: 13 }, () => 0.7);
    const figures = Array.from({ length: 24 }, (_, draw) => {
      const world = thirteenWorld(draw);
      const run = simulate({ slots: world.slots, tenants: 13, stepper: kernelStepper(settingsFor(world, 0.8, WINDOW_SLOTS)), promises: { floors, guard: true, duals: true } });
      const judged = judgeShares(run.answers, floors, (shares) => createFavours(floors, 1, 1).jain(shares));
      expect([draw, judged.failures]).toEqual([draw, []]);
      return { ...judged.figures, net: run.net / world.free.net - 1 };
    });
    process.stdout.write(`thirteen tenants, 24 draws: least minute ${Math.min(...figures.map(({ short }) => short))}, least five ${Math.min(...figures.map(({ long }) => long))}, net at least ${Math.min(...figures.map(({ net }) => net))}\n`);
  }, DEADLINE_MS);

  test("over a day: what beginning anew each hour gains in peak, and what it costs in loss against the best price of each hour", () => {
    const day = dayWorld(0.5);
    const { resources: box } = settingsFor(day, 1, 0);
    const half = day.slots.length / 2;
    const bests = day.hours.map((slots) => bestPrice(columnsOf(simulate({ slots, tenants: 2, stepper: fixedStepper([0, 0]) }).logged, 2), box, slots.length).loss);
    const figures = [0, 90, WINDOW_SLOTS, 1440].map((window) => {
      const run = simulate({ slots: day.slots, tenants: 2, stepper: kernelStepper(settingsFor(day, 1, window)) });
      const paid = paidLosses(columnsOf(run.logged, 2), box, run.rows.map(({ prices }) => prices));
      const hourly = bests.reduce((sum, best, hour) => sum + (paid[(hour + 1) * SLOTS_AN_HOUR - 1]?.loss ?? 0) - (paid[hour * SLOTS_AN_HOUR - 1]?.loss ?? 0) - best, 0);
      const late = (began: readonly (readonly number[])[]): number => peakOf(began.slice(half), USD, PEAK_SLOTS);
      return { window, late_peak: late(run.began) / late(day.free.began) - 1, net: run.net / day.free.net - 1, spend: totalOf(run.began, USD) / totalOf(day.free.began, USD) - 1, hourly_regret: hourly, of: bests.reduce((sum, best) => sum + best, 0) };
    });
    for (const line of figures) process.stdout.write(`market over a day: ${JSON.stringify(line)}\n`);
    const of = (window: number) => figures.find((line) => line.window === window);
    expect(of(WINDOW_SLOTS)?.late_peak).toBeLessThan((of(0)?.late_peak ?? 0) - 0.05);
    expect(of(WINDOW_SLOTS)?.net).toBeGreaterThan(-0.02);
  }, DEADLINE_MS);
});
