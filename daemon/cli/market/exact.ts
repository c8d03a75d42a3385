/**
 * The exact regret of kept slots in the dual loss: what requests gain at a price, plus that price times what is left for
 * them. Use that no price decided (settling, arms alone, gates) is the same at every price, and taken off the capacity.
 * The live regret is its linear bound where every request got the arm of the best score; where something else did
 * (exploring, a floor, a policy that knows too little) it is worse by no more than what that gave away, which is counted. Pure.
 */
import { columnsOf, type LoggedSlot, lossAt, type PricedBox } from "../../../kernels/oco/loss.ts";
import { bestPrice } from "../../../kernels/oco/regret.ts";
import type { MarketAsked, MarketSlot, MarketWindow } from "../../../proto/market.ts";
import { PER_NATURAL_UNIT } from "../../../proto/resource.ts";

/** In dollars, of whole windows and what is over of the last one, each against its own best fixed price. */
export interface Exact {
  readonly slots: number;
  readonly requests: number;
  readonly regret: number;
  /** The regret is at most by so much larger or smaller. */
  readonly error: number;
  readonly linear: number;
  /** What requests would have had more at the prices in force, had each got its best arm. */
  readonly given_away: number;
  /** The best fixed prices of the last window. */
  readonly best: readonly number[];
}

interface Part {
  readonly window: MarketWindow;
  readonly slots: MarketSlot[];
}

/** Slots by window; those before the first window that is kept are left out. */
function partsOf(slots: readonly MarketSlot[], windows: readonly MarketWindow[]): Part[] {
  const parts: Part[] = [];
  for (const slot of slots) {
    const window = windows.find(({ epoch }) => epoch === slot.epoch);
    if (window !== undefined) parts.push({ window, slots: [] });
    parts.at(-1)?.slots.push(slot);
  }
  return parts;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const total = (rows: readonly (readonly number[])[], i: number): number => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0);

function exactOf({ window: { resources }, slots }: Part, asked: ReadonlyMap<number, readonly MarketAsked[]>): Exact {
  const natural = (amount: number, i: number): number => amount / PER_NATURAL_UNIT[resources[i]?.resource ?? "tokens"];
  const of = slots.map(({ epoch }) => (asked.get(epoch) ?? []).map(({ chosen, worth, use }) => ({ chosen, worth, use: use.map((amounts) => resources.map(({ resource }, i) => natural(amounts[resource] ?? 0, i))) })));
  const logged: LoggedSlot[] = slots.map(({ prices }, s) => ({ prices, requests: of[s] ?? [] }));
  const columns = columnsOf(logged, resources.length);
  const taken = of.map((requests) => resources.map((_, i) => requests.reduce((sum, { chosen, use }) => sum + (use[chosen]?.[i] ?? 0), 0)));
  const gradients = slots.map(({ used }) => resources.map(({ capacity }, i) => natural(capacity - (used[i] ?? 0), i)));
  /** Left for what prices decide, of each slot. */
  const room = gradients.map((gradient, s) => gradient.map((value, i) => value + (taken[s]?.[i] ?? 0)));
  const box: PricedBox[] = resources.map(({ price_max }, i) => ({ price_max, capacity: total(room, i) / slots.length }));
  let [paid, rounding, linear, given_away] = [0, 0, 0, 0];
  slots.forEach(({ prices }, s) => {
    const own = lossAt(columns, box.map(({ price_max }) => ({ price_max, capacity: 0 })), s, prices, s + 1);
    const reserve = dot(prices, room[s] ?? []);
    paid += own.value + reserve;
    rounding += own.rounding + (Math.abs(reserve) + Math.abs(paid)) * 2 ** -50;
    linear += dot(prices, gradients[s] ?? []);
    for (const { chosen, worth, use } of of[s] ?? []) {
      const scores = worth.map((value, a) => value - dot(prices, use[a] ?? []));
      given_away += Math.max(...scores) - (scores[chosen] ?? 0);
    }
  });
  const best = bestPrice(columns, box, slots.length);
  const worst = resources.reduce((sum, { price_max }, i) => sum + Math.max(0, -total(gradients, i)) * price_max, 0);
  return { slots: slots.length, requests: of.flat().length, regret: paid - best.loss, error: best.error + rounding, linear: linear + worst, given_away, best: best.prices };
}

/** `null` where no slot is over whose window is kept. */
export function exactRegrets(slots: readonly MarketSlot[], windows: readonly MarketWindow[], requests: readonly MarketAsked[]): Exact | null {
  const asked = Map.groupBy(requests, ({ epoch }) => epoch);
  const found = partsOf(slots, windows).map((part) => exactOf(part, asked));
  const sum = (value: (exact: Exact) => number): number => found.reduce((all, exact) => all + value(exact), 0);
  if (found.length === 0) return null;
  return { slots: sum((one) => one.slots), requests: sum((one) => one.requests), regret: sum((one) => one.regret), error: sum((one) => one.error), linear: sum((one) => one.linear), given_away: sum((one) => one.given_away), best: found.at(-1)?.best ?? [] };
}
