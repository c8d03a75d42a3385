/**
 * The market on an hour of the Azure traces, by all that it is accepted by at once, and the mutants that fail the very
 * same judgement. Skipped loudly where the traces are not beside the checkout.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createFavours } from "../../../kernels/oco/index.ts";
import { skipWithout } from "../../testing/skip.ts";
import { hasTraces, PEAK_SLOTS, USD } from "../testing/azure.ts";
import { judgeMarket, judgeShares } from "../testing/judge.ts";
import { signedStepper } from "../testing/mutants.ts";
import { fixedStepper, kernelStepper, type Promises, type Scene, simulate, type Stepper } from "../testing/simulate.ts";
import { again, dayWorld, hourWorld, POOR, settingsFor, thirteenWorld } from "../testing/worlds.ts";
import { peakOf, totalOf } from "./control.ts";
import { contradictions } from "../../config/feasible.ts";
import { bestPrice } from "../../../kernels/oco/regret.ts";

/** Slots after which the shipped market's steps begin anew: an hour. */
const WINDOW_SLOTS = 360;
/** Of one test, on a slow machine under load. */
const DEADLINE_MS = 60_000;
setDefaultTimeout(DEADLINE_MS);

describe.skipIf(skipWithout(hasTraces, "the market on the Azure traces: ../shared/fixtures/traces is not there"))("on an hour of the Azure traces", () => {
  const hour = hasTraces ? hourWorld() : null;
  const judged = (scene: Partial<Scene>) => {
    const { slots, tenants, free, columns } = hour!;
    const settings = settingsFor(hour!, 1, WINDOW_SLOTS);
    const run = simulate({ slots, tenants, stepper: kernelStepper(settings), log: false, ...scene });
    return judgeMarket({ run, free, settings, columns, exact_every: hour!.slots.length });
  };

  test("the peak falls by 18 % and by more than under the best fixed price of equal spend, value by at most 2 %, regret stays below its promise at every prefix and no price sits at its cap", () => {
    const { figures, failures } = judged({});
    process.stderr.write(`market on the Azure traces: ${JSON.stringify(figures)}\n`);
    expect(failures).toEqual([]);
    expect(figures.exact_over_linear).toBeLessThanOrEqual(0);
    expect(figures.regret_error).toBeLessThan(1e-6);
  });

  const settings = hour === null ? null : settingsFor(hour, 1, WINDOW_SLOTS);
  test("mutant: a reversed sign lowers the peak by more than the right one does, and everything else gives it away", () => {
    const prices = (stepper: Stepper) => simulate({ slots: hour!.slots, tenants: 2, stepper, log: false }).rows.map((row) => row.prices);
    // Nothing but the sign is wrong with it.
    expect(prices(signedStepper(settings!, 1))).toEqual(prices(kernelStepper(settings!)));
    const reversed = judged({ stepper: signedStepper(settings!, -1) });
    expect(reversed.figures.peak).toBeLessThan(-0.5);
    expect(reversed.failures.join("\n")).toMatch(/net value(?:.|\n)*above the promise(?:.|\n)*at its cap/);
  });

  test("mutant: use that is known a minute late lowers no peak and breaks the promise", () => {
    const late = judged({ late_slots: PEAK_SLOTS });
    expect(late.failures.join("\n")).toMatch(/peak of 60 s changes by -?[01]\.\d %(?:.|\n)*exact regret is above the promise/);
  });

  test("mutant: a fixed price is no better than a fixed price of equal spend", () => {
    expect(judged({ stepper: fixedStepper([0.25, 0]) }).failures.join("\n")).toContain("under a fixed price of equal spend");
  });

  test.each([false, true])("regret for each slot falls over T, 2T, 4T and 8T; slots in another order each time: %p", (shuffle) => {
    const { slots, columns } = hour!;
    const settings = settingsFor(hour!, 1, 0);
    const box = settings.resources;
    const best = bestPrice(columns, box, slots.length);
    const run = simulate({ slots: again(slots, 8, shuffle), tenants: 2, stepper: kernelStepper(settings), log: false });
    let paid = 0;
    const regrets = run.rows.flatMap(({ prices }, slot) => {
      paid += (run.scores[slot] ?? 0) + box.reduce((sum, { capacity }, i) => sum + capacity * (prices[i] ?? 0), 0);
      // The loss of a fixed price is the same whatever the order, so the best of one hour is the best of eight.
      const times = (slot + 1) / slots.length;
      return [1, 2, 4, 8].includes(times) ? [(paid - times * best.loss) / (slot + 1)] : [];
    });
    expect(regrets).toHaveLength(4);
    expect(regrets).toEqual([...regrets].sort((a, b) => b - a));
    expect((regrets[3] ?? 1) * 2).toBeLessThan(regrets[0] ?? 0);
  });

  test("over a day whose level rises and falls, steps that begin anew each hour still lower the second half's peak; those that never do no longer", () => {
    const day = dayWorld(1 / 24);
    const half = day.slots.length / 2;
    const late = (began: readonly (readonly number[])[]): number => peakOf(began.slice(half), USD, PEAK_SLOTS);
    const [windowed = 0, endless = 0] = [WINDOW_SLOTS, 0].map((window) => {
      const run = simulate({ slots: day.slots, tenants: 2, stepper: kernelStepper(settingsFor(day, 1, window)), log: false });
      expect(run.net / day.free.net).toBeGreaterThan(0.98);
      return late(run.began) / late(day.free.began) - 1;
    });
    expect(windowed).toBeLessThan(-0.18);
    expect(endless).toBeGreaterThan(-0.18);
  });
});

describe.skipIf(!hasTraces)("thirteen tenants of whom one is poor", () => {
  const world = hasTraces ? thirteenWorld() : null;
  const floors = Array.from({ length: 13 }, () => 0.7);
  const jain = (shares: readonly number[]): number => createFavours(floors, 1, 1).jain(shares);
  const judged = (promises?: Promises) => {
    const { slots, tenants } = world!;
    const run = simulate({ slots, tenants, stepper: kernelStepper(settingsFor(world!, 0.8, WINDOW_SLOTS)), ...(promises === undefined ? {} : { promises }) });
    return { run, ...judgeShares(run.answers, floors, jain) };
  };

  test("with floors nobody falls below its own less 0.05 in any minute, nor below it over any five", () => {
    const { figures, failures, run } = judged({ floors, guard: true, duals: true });
    process.stderr.write(`thirteen tenants: ${JSON.stringify(figures)}, ${JSON.stringify(run.by)}\n`);
    expect(failures).toEqual([]);
    expect(run.net / world!.free.net).toBeGreaterThan(0.98);
    // What the floors take is there: capacity is not overdrawn for them.
    settingsFor(world!, 0.8, 0).resources.forEach(({ capacity }, i) => expect(totalOf(run.began, i) / run.began.length).toBeLessThan(capacity));
  });

  test("they are kept as well where a router chooses by each tenant's own prices alone, and not where these forgive nothing of what is paid", () => {
    const { figures, failures, run } = judged({ floors, guard: "prices", duals: true });
    process.stderr.write(`thirteen tenants by prices: ${JSON.stringify(figures)}, net ${run.net / world!.free.net - 1}\n`);
    expect(failures).toEqual([]);
    expect(judged({ floors, guard: "unforgiving", duals: true }).failures.join("\n")).toContain(`tenant ${POOR} gets`);
  });

  test("mutants: nobody's floor kept, duals without the guard, and one tenant starved, which Jain's index lets pass", () => {
    expect(judged().failures.join("\n")).toContain(`tenant ${POOR} gets`);
    expect(judged({ floors, guard: false, duals: true }).failures.join("\n")).toContain(`tenant ${POOR} gets`);
    const starved = judged({ floors, guard: true, duals: true, starved: 3 });
    expect(starved.figures.jain).toBeGreaterThan(0.92);
    expect(starved.failures).toEqual(["tenant 3 gets 0.0 % in some 60 s; 65.0 % is promised", "tenant 3 gets 0.0 % over some 5 min; 70.0 % is promised"]);
  });

  test("floors that take more than there is are refused before anybody is promised them", () => {
    const demand = Array.from({ length: 13 }, (_, tenant) => [0, 1].map((i) => world!.free.rows.reduce((sum, { use }) => sum + (use[i]?.[tenant] ?? 0), 0) / world!.free.rows.length));
    const resources = settingsFor(world!, 0.8, 0).resources.map(({ capacity }, i) => ({ name: ["usd_micro", "gpu_us"][i] ?? "", capacity }));
    const promised = (floor: number) => contradictions(resources, demand.map((row, tenant) => ({ name: `t${tenant}`, floor, ceiling: 1, demand: row, budget: [Infinity, Infinity] })));
    expect(promised(0.7)).toEqual([]);
    expect(promised(0.9)).toHaveLength(2);
    expect(promised(0.9)[0]).toContain("lower them (t0 to 0.8, ");
  });
});
