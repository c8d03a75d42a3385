/** The exact regret of a log against what is known of it, and what is given away where a request did not get its best arm. */
import { expect, test } from "bun:test";
import { createPricer } from "../../../kernels/oco/index.ts";
import type { MarketAsked, MarketSlot, MarketWindow } from "../../../proto/market.ts";
import { exactRegrets } from "./exact.ts";

const WINDOW_SLOTS = 20;
const RESOURCES = [{ resource: "usd_micro" as const, capacity: 1_000_000, price_max: 4 }, { resource: "tokens" as const, capacity: 20_000, price_max: 0.1 }];
const ARMS = [{}, { tokens: 3_000 }, { usd_micro: 400_000, tokens: 1_000 }];

/** A market over made requests. Every so many are not given the best arm at its price but the dearest; `others` used so much beside them. */
function played({ wrong = 0, others = 0 }: { readonly wrong?: number; readonly others?: number }) {
  const pricer = createPricer({ resources: RESOURCES.map(({ resource, capacity, price_max }) => ({ capacity: capacity / (resource === "tokens" ? 1e3 : 1e6), price_max, step_max: 0.25 })), method: "adagrad", window_slots: WINDOW_SLOTS });
  const [slots, windows, asked]: [MarketSlot[], MarketWindow[], MarketAsked[]] = [[], [], []];
  for (let epoch = 5; epoch < 105; epoch++) {
    const state = pricer.state();
    if (state.closed[2] === 0) windows.push({ epoch, method: "adagrad", step_max: 0.25, window_slots: WINDOW_SLOTS, resources: RESOURCES, state: Object.fromEntries(Object.entries(state).map(([name, cells]) => [name, [...cells]])) as MarketWindow["state"] });
    const prices = [...pricer.prices()];
    const used = [others * (epoch % 7), others];
    for (let nth = 0; nth < (epoch % 5) + 2; nth++) {
      const value = 0.2 + ((epoch * 37 + nth * 101) % 97) / 50;
      const worth = [0, 0.55 * value, value - 0.4];
      const scores = ARMS.map(({ usd_micro = 0, tokens = 0 }, a) => (worth[a] ?? 0) - (usd_micro / 1e6) * (prices[0] ?? 0) - (tokens / 1e3) * (prices[1] ?? 0));
      const chosen = wrong > 0 && (epoch + nth) % wrong === 0 ? 2 : scores.indexOf(Math.max(...scores));
      const { usd_micro = 0, tokens = 0 } = ARMS[chosen] ?? {};
      [used[0], used[1]] = [(used[0] ?? 0) + usd_micro, (used[1] ?? 0) + tokens];
      asked.push({ epoch, chosen, worth, use: ARMS });
    }
    slots.push({ epoch, at_ms: epoch * 10_000, prices, used, ...pricer.step([[(used[0] ?? 0) / 1e6], [(used[1] ?? 0) / 1e3]]) });
  }
  return { slots, windows, asked };
}

test("where every request had its best arm, the exact regret is below the linear one, whatever else took of the capacity", () => {
  for (const others of [0, 30_000, 300_000]) {
    const { slots, windows, asked } = played({ others });
    const exact = exactRegrets(slots, windows, asked);
    expect(exact).toMatchObject({ slots: 100, requests: asked.length });
    expect(Math.abs(exact?.given_away ?? 1)).toBeLessThan(1e-9);
    expect(exact?.error).toBeLessThan(1e-9);
    expect(exact?.regret).toBeLessThanOrEqual((exact?.linear ?? 0) + 1e-9);
    // Window for window the linear one is the live certificate's.
    expect(exact?.linear).toBeCloseTo(slots.at(-1)?.regret ?? 0, 9);
  }
});

test("no fixed price of a grid has less loss in a window than the best that is named", () => {
  const { slots, windows, asked } = played({ others: 20_000 });
  const [last] = windows.slice(-1) as [MarketWindow];
  const own = slots.filter(({ epoch }) => epoch >= last.epoch);
  const exact = exactRegrets(own, [last], asked);
  const lossOf = (priceOf: (slot: MarketSlot) => readonly number[]): number => own.reduce((sum, slot) => {
    const [usd = 0, token = 0] = priceOf(slot);
    const mine = asked.filter(({ epoch }) => epoch === slot.epoch);
    const taken = mine.reduce(([a, b], { chosen }) => [a + (ARMS[chosen]?.usd_micro ?? 0), b + (ARMS[chosen]?.tokens ?? 0)] as [number, number], [0, 0] as [number, number]);
    const gains = mine.reduce((all, { worth }) => all + Math.max(...ARMS.map(({ usd_micro = 0, tokens = 0 }, a) => (worth[a] ?? 0) - (usd_micro / 1e6) * usd - (tokens / 1e3) * token)), 0);
    const left = RESOURCES.map(({ capacity }, i) => capacity - (slot.used[i] ?? 0) + (taken[i] ?? 0));
    return sum + gains + ((left[0] ?? 0) / 1e6) * usd + ((left[1] ?? 0) / 1e3) * token;
  }, 0);
  const paid = lossOf(({ prices }) => prices);
  const grid = Array.from({ length: 41 }, (_, a) => Array.from({ length: 41 }, (__, b) => lossOf(() => [a / 10, b / 400]))).flat();
  expect(paid - Math.min(...grid)).toBeLessThanOrEqual((exact?.regret ?? 0) + 1e-9);
  expect(paid - lossOf(() => exact?.best ?? [])).toBeCloseTo(exact?.regret ?? -1, 9);
});

test("attack: dear arms are drawn whatever they cost: the linear regret does not show it, the exact one does, by no more than what was given away", () => {
  const { slots, windows, asked } = played({ wrong: 2 });
  const exact = exactRegrets(slots, windows, asked);
  expect(exact?.regret).toBeGreaterThan((exact?.linear ?? 0) + 1);
  expect(exact?.regret).toBeLessThanOrEqual((exact?.linear ?? 0) + (exact?.given_away ?? 0) + 1e-9);
});

test("requests that are on record no longer leave the linear regret; without a window there is nothing to say", () => {
  const { slots, windows } = played({});
  const exact = exactRegrets(slots, windows, []);
  expect([exact?.requests, exact?.given_away]).toEqual([0, 0]);
  expect(exact?.regret).toBeCloseTo(exact?.linear ?? 1, 9);
  expect(exactRegrets(slots, [], [])).toBeNull();
});
