/** What stands of the market beside work: on a change's bill, and as a document of its evidence. Pure. */
import { canonicalBytes } from "../../proto/canonical.ts";
import { MARKET_DOCUMENT, type MarketNote, type MarketNow } from "../../proto/market-note.ts";
import { PER_NATURAL_UNIT, type Prices, type ResourceAmounts, RESOURCES } from "../../proto/resource.ts";

/** Whole millionths of a dollar: beyond what a whole number holds, the regret still goes up and the promise down. Just below zero a rounded number keeps its sign, which no document takes: hence `+ 0`. */
export const rounded = ({ regret, promise }: { readonly regret: number; readonly promise: number }) => ({
  regret_usd_micro: Math.max(Math.ceil(regret * 1e6), Number.MIN_SAFE_INTEGER) + 0,
  promise_usd_micro: Math.min(Math.floor(promise * 1e6), Number.MAX_SAFE_INTEGER),
});

export function documentOf({ epoch, prices, certificate, slot }: MarketNow): { readonly name: string; readonly content: Uint8Array } {
  const priced = RESOURCES.flatMap((resource) => (prices[resource] === undefined ? [] : [{ resource, usd_nano: Math.round(prices[resource] * 1e9) + 0 }]));
  const note: MarketNote = { v: 1, epoch, prices: priced, ...rounded(certificate), slot };
  return { name: MARKET_DOCUMENT, content: canonicalBytes(note) };
}

/** What so much is worth at these prices, in millionths of a dollar, rounded up. */
export function worthAt(prices: Prices, amounts: ResourceAmounts): number {
  const dollars = RESOURCES.reduce((sum, resource) => sum + ((prices[resource] ?? 0) * (amounts[resource] ?? 0)) / PER_NATURAL_UNIT[resource], 0);
  return Math.min(Math.ceil(dollars * 1e6), Number.MAX_SAFE_INTEGER);
}
