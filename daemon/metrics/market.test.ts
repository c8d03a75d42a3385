import { expect, test } from "bun:test";
import type { MarketReply, TenantShare } from "../../proto/market.ts";
import { marketMetrics } from "./market.ts";

const line = (tenant: string): TenantShare => ({ tenant, floor: 0.5, ceiling: 1, used: {}, favour: 0, minute: 1, five_minutes: 1, starving_s: 0, starving_longest_s: 0 });
const MARKET: MarketReply = {
  epoch: 3, slot_s: 10, slot_ends: "2027-01-15T08:00:10Z", method: "adagrad", step_max: 0.25, window_slots: 0,
  resources: [{ resource: "tokens", capacity: 10, price_max: 1, price: 0.5, used: 5 }],
  tenants: [line("others"), line("web"), line("*")], jain: 1, certificate: { regret: -1, promise: 2, holds: true }, at_cap: 0, kept: { from: 0, slots: 3 },
};

test("attack: a tenant that is called others: no two samples have one name, or a scrape of all metrics is refused", () => {
  const samples = marketMetrics(() => MARKET).flatMap((metric) => metric.samples());
  const names = samples.map((sample) => sample.slice(0, sample.lastIndexOf(" ")));
  expect(new Set(names).size).toBe(names.length);
  expect(samples).toContain('maestro_market_share_ratio{tenant="*"} 1');
  expect(marketMetrics(() => null).flatMap((metric) => metric.samples())).toEqual([]);
});
