/** The control of "buy less": the best fixed price of equal spend. Whoever only spends less lowers its peak, too; a market has to lower it by more than that. Pure. */
import { type Columns, type PricedBox, slotScore } from "../../../kernels/oco/loss.ts";

export interface UnderFixed {
  readonly prices: readonly number[];
  /** By slot and resource, natural units. */
  readonly use: readonly (readonly number[])[];
  /** Worth of what was chosen, in dollars, prices not taken off. */
  readonly net: number;
}

export function underFixed(columns: Columns, prices: readonly number[]): UnderFixed {
  let net = 0;
  const use = Array.from({ length: columns.requests.length - 1 }, (_, slot) => {
    const used = new Float64Array(columns.resources + 1);
    slotScore(columns, slot, prices, used);
    net += used[columns.resources] ?? 0;
    return [...used.subarray(0, columns.resources)];
  });
  return { prices, use, net };
}

export const totalOf = (use: readonly (readonly number[])[], resource: number): number => use.reduce((sum, slot) => sum + (slot[resource] ?? 0), 0);

const HALVINGS_MAX = 32;
/** Use that is short of what was asked for by less than this share is as good as equal; one request is often more. */
const CLOSE = 1e-4;

/**
 * A price of `resource` under which no more than `total` of it is used, and as good as all of that, beside the prices
 * `others` of the rest. Where these are zero nothing of that use is worth more: prices are the multipliers of "most worth at this use".
 */
export function fixedOfEqualUse(columns: Columns, box: readonly PricedBox[], resource: number, total: number, others: readonly number[] = box.map(() => 0)): UnderFixed {
  const at = (price: number): UnderFixed => underFixed(columns, others.with(resource, price));
  let [low, high] = [0, box[resource]?.price_max ?? 0];
  const free = at(low);
  if (totalOf(free.use, resource) <= total) return free;
  let found = at(high);
  for (let i = 0; i < HALVINGS_MAX; i++) {
    const middle = (low + high) / 2;
    const tried = at(middle);
    const used = totalOf(tried.use, resource);
    if (used > total) low = middle;
    else [high, found] = [middle, tried];
    if (used <= total && used >= total * (1 - CLOSE)) break;
  }
  return found;
}

/** Largest sum of one resource over `slots` slots on end. */
export function peakOf(use: readonly (readonly number[])[], resource: number, slots: number): number {
  let peak = 0;
  for (let from = 0; from < use.length; from++) peak = Math.max(peak, totalOf(use.slice(from, from + slots), resource));
  return peak;
}
