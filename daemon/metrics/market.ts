/** Prices, shares and the certificate; nothing where no market is configured. Everybody without a line is `*`, which no tenant can be called. Resources are four and tenants are the operator's to name, 64 at most. */
import type { MarketReply } from "../../proto/market.ts";
import { Gauge, type Metric } from "./registry.ts";

export function marketMetrics(now: () => MarketReply | null): Metric[] {
  type Labelled = [Record<string, string>, number];
  const resources = (read: (one: MarketReply["resources"][number]) => number): Labelled[] => (now()?.resources ?? []).map((one) => [{ resource: one.resource }, read(one)]);
  const tenants = (read: (one: MarketReply["tenants"][number]) => number | null): Labelled[] => (now()?.tenants ?? []).flatMap((one): Labelled[] => {
    const value = read(one);
    return value === null ? [] : [[{ tenant: one.tenant }, value]];
  });
  const one = (read: (market: MarketReply) => number): Labelled[] => {
    const market = now();
    return market === null ? [] : [[{}, read(market)]];
  };
  return [
    new Gauge("maestro_market_price_dollars", "Price in force, in dollars for a natural unit, by resource.", () => resources(({ price }) => price)),
    new Gauge("maestro_market_slot_use_ratio", "Use of the open slot over its capacity, by resource.", () => resources(({ used, capacity }) => used / capacity)),
    new Gauge("maestro_market_share_ratio", "Share of what a tenant asked for in five minutes that it was served, by tenant.", () => tenants(({ five_minutes }) => five_minutes)),
    new Gauge("maestro_market_floor_ratio", "Share that is promised, by tenant.", () => tenants(({ floor }) => floor)),
    new Gauge("maestro_market_starving_seconds", "Time with demand and nothing served, by tenant.", () => tenants(({ starving_s }) => starving_s)),
    new Gauge("maestro_market_regret_dollars", "Live regret of the prices, an upper bound.", () => one(({ certificate }) => certificate.regret)),
    new Gauge("maestro_market_promise_dollars", "What the regret is at most; above it something else moved the prices.", () => one(({ certificate }) => certificate.promise)),
  ];
}
