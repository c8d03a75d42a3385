/** Prices and promised shares: a step of the kernel against the same step in plain TypeScript, what a request costs to choose for, and the market simulated on the traces where they are. */
import { createFavours, createPricer, type PricerSettings, PRICED_MAX, SHARERS_MAX } from "../kernels/oco/index.ts";
import { createReferencePricer } from "../kernels/oco/reference.ts";
import { choose, UNBOUND } from "../daemon/market/core/choose.ts";
import { lossAt } from "../kernels/oco/loss.ts";
import { bestPrice } from "../kernels/oco/regret.ts";
import { hasTraces } from "../daemon/market/testing/azure.ts";
import { kernelStepper, simulate } from "../daemon/market/testing/simulate.ts";
import { hourWorld, settingsFor } from "../daemon/market/testing/worlds.ts";
import { type Bench, median, type PrintFigure } from "./figure.ts";

const WARM_MS = 150;
const ROUNDS = 9;
const STEPS = 5000;
const STEP_US_MAX = 5;

/** Microseconds of processor time that one of `count` takes, the middle of some rounds once warm. */
function microseconds(count: number, work: (nth: number) => unknown): number {
  const round = (): number => {
    const before = process.cpuUsage();
    for (let nth = 0; nth < count; nth++) work(nth);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  for (const start = performance.now(); performance.now() - start < WARM_MS; ) round();
  return median(Array.from({ length: ROUNDS }, round));
}

const SETTINGS: PricerSettings = {
  resources: Array.from({ length: PRICED_MAX }, (_, i) => ({ capacity: 100 + i, price_max: 4, step_max: 0.25 })),
  method: "adagrad",
  window_slots: 360,
};
/** Uses in turn, above and below what there is. */
const USES = Array.from({ length: 16 }, (_, nth) => SETTINGS.resources.map(({ capacity }, i) => Array.from({ length: SHARERS_MAX }, (__, k) => ((capacity / SHARERS_MAX) * ((nth * 7 + i * 3 + k) % 16)) / 8)));
const useOf = (nth: number): (typeof USES)[number] => USES[nth % USES.length] as (typeof USES)[number];

function steps(figure: PrintFigure): void {
  const [one, other] = [createPricer(SETTINGS), createReferencePricer(SETTINGS)];
  for (let nth = 0; nth < 1000; nth++) {
    const [a, b] = [one.step(useOf(nth)), other.step(useOf(nth))];
    if (a.regret !== b.regret || a.promise !== b.promise) throw new Error("kernel and reference give two certificates");
  }
  const kernel = microseconds(STEPS, (nth) => one.step(useOf(nth)));
  const plain = microseconds(STEPS, (nth) => other.step(useOf(nth)));
  figure({ figure: `a price step with its certificate, ${PRICED_MAX} resources x ${SHARERS_MAX} tenants`, value: kernel, unit: "us of processor time", better: "less", peer: { name: "the same step in plain TypeScript", value: plain }, goal: { value: STEP_US_MAX }, hard: true, note: "use is checked and copied in with it, which is most of the time; the kernel is there for the same bits on any machine, not for speed" });
  const shares = Array.from({ length: SHARERS_MAX }, (_, k) => (k % 9 === 0 ? null : k / SHARERS_MAX));
  const favours = createFavours(shares.map(() => 0.5), 1, 20);
  figure({ figure: `weights of the promised shares of ${SHARERS_MAX} tenants, one step`, value: microseconds(STEPS, () => favours.step(shares)), unit: "us of processor time", better: "less" });
  const offers = Array.from({ length: 4 }, (_, a) => ({ service: 0.25 * a, cost: 0.05 * a, use: SETTINGS.resources.map((__, i) => (a * i) / 10) }));
  const prices = one.prices();
  figure({ figure: `choose among 4 arms at ${PRICED_MAX} prices, with a budget and a floor`, value: microseconds(STEPS, () => choose(offers, prices, { ...UNBOUND, room: prices.map(() => 2), service_min: 0.3 })), unit: "us of processor time", better: "less" });
}

export const bench: Bench = (figure) => {
  steps(figure);
  if (!hasTraces) {
    process.stderr.write("market: the simulation is SKIPPED, ../shared/fixtures/traces is not there\n");
    return;
  }
  const hour = hourWorld();
  const settings = settingsFor(hour, 1, 360);
  const requests = hour.slots.flat().length;
  const run_us = microseconds(1, () => simulate({ slots: hour.slots, tenants: 2, stepper: kernelStepper(settings), log: false }));
  figure({ figure: `simulation of ${hour.slots.length} slots, ${requests} requests x 4 arms`, value: (hour.slots.length / run_us) * 1e6, unit: "slots/s", better: "more", note: `${((requests / run_us) * 1e6).toFixed(0)} requests/s` });
  figure({ figure: "dual loss of the hour at one price", value: microseconds(1, (nth) => lossAt(hour.columns, settings.resources, 0, [0.1 * nth, 0.001], hour.slots.length).value) / 1000, unit: "ms of processor time", better: "less" });
  // Where there is enough for all at no price, no price is the best, and nothing has to be looked for.
  const scarce = settingsFor(hour, 0.8, 360);
  const best = bestPrice(hour.columns, scarce.resources, hour.slots.length);
  figure({ figure: "exact best fixed price of the hour, 0.8 of what is asked for", value: microseconds(1, () => bestPrice(hour.columns, scarce.resources, hour.slots.length)) / 1000, unit: "ms of processor time", better: "less", note: `${best.evaluations} evaluations of the loss, error at most ${best.error.toExponential(1)} of ${best.loss.toFixed(2)} dollars` });
};
