/** Prices for a tenant with a promised share, for whoever chooses by prices alone: a router, a replay of it, an evaluation. Pure. */
import { type Prices, RESOURCES } from "../../../proto/resource.ts";

/**
 * With `favour` as its dual weight, whoever maximises value - dollars - prices . use at these prices maximises
 * (1 + favour) value - dollars - prices . use at those in force: both are divided by 1 + favour, and a dollar spent counts
 * in both terms. `Infinity`, for a tenant that is below its floor, forgives all of it, and the best answer wins. The price
 * of a dollar is then below zero, at least -1; lowering the others alone leaves a tenant whose answers are worth less than
 * they cost below its floor for ever (measured, docs/market.md).
 */
export function pricesFor(prices: Prices, favour: number): Prices {
  if (favour === 0) return prices;
  const weight = 1 + favour;
  const own = Object.fromEntries(RESOURCES.flatMap((resource) => (prices[resource] === undefined ? [] : [[resource, (prices[resource] ?? 0) / weight]])));
  return { ...own, usd_micro: (1 + (prices.usd_micro ?? 0)) / weight - 1 };
}
