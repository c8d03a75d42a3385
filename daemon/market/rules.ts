/** The market's settings as its parts take them. Pure. */
import type { PricerSettings } from "../../kernels/oco/index.ts";
import { type MarketSetting, OTHERS } from "../../proto/market.ts";
import { PER_NATURAL_UNIT, type Prices, type ResourceAmounts } from "../../proto/resource.ts";

export interface Line {
  readonly tenant: string;
  readonly floor: number;
  readonly ceiling: number;
}

/** Everybody with a line of their own, and last everybody else. */
export const linesOf = ({ tenants = [] }: Pick<MarketSetting, "tenants">): readonly Line[] => [...tenants.map(({ id, floor, ceiling }) => ({ tenant: id, floor, ceiling })), { tenant: OTHERS, floor: 0, ceiling: 1 }];

export const pricerSettings = ({ resources, method, window_slots, step_max }: Pick<MarketSetting, "resources" | "method" | "window_slots" | "step_max">): PricerSettings => ({
  resources: resources.map(({ resource, capacity, price_max }) => ({ capacity: capacity / PER_NATURAL_UNIT[resource], price_max, step_max })),
  method,
  window_slots,
});

/** Whole units to natural ones; summed over tenants before, so that no order of theirs can change a price. */
export const naturalUse = ({ resources }: Pick<MarketSetting, "resources">, used: readonly number[]): number[][] => resources.map(({ resource }, i) => [(used[i] ?? 0) / PER_NATURAL_UNIT[resource]]);

/** One slot counts at most so many times a capacity, and no more is owed to later ones: what callers claim has no bound, and a step that answers it would leave none for anybody else. */
const CAPACITIES_MAX = 16;

/** Whole units of a resource that one slot counts at most, of one tenant and of all. */
export const countedMax = ({ capacity }: { readonly capacity: number }): number => Math.min(capacity * CAPACITIES_MAX, Number.MAX_SAFE_INTEGER);

export const amountsOf = ({ resources }: Pick<MarketSetting, "resources">, amounts: ResourceAmounts): number[] => resources.map(({ resource }) => amounts[resource] ?? 0);

export const named = <T>({ resources }: Pick<MarketSetting, "resources">, values: readonly T[]): Partial<Record<keyof Prices, T>> => Object.fromEntries(resources.map(({ resource }, i) => [resource, values[i]]));
