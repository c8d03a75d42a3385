/** What work is paid in, and what a price is put on. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count } from "./scalar.ts";

/** Each in whole units: millionths of a dollar, tokens of models, microseconds of a GPU and of a processor. */
export const RESOURCES = ["usd_micro", "tokens", "gpu_us", "cpu_us"] as const;
export const Resource = Choice(RESOURCES);
export type Resource = Static<typeof Resource>;

/** An amount of each resource that is meant; one that is absent is zero. */
export const ResourceAmounts = Closed({
  usd_micro: Type.Optional(Count),
  tokens: Type.Optional(Count),
  gpu_us: Type.Optional(Count),
  cpu_us: Type.Optional(Count),
});
export type ResourceAmounts = Static<typeof ResourceAmounts>;

const price = (description: string, least = 0) => Type.Optional(Type.Number({ minimum: least, maximum: 1e9, description }));
/** Dual variables, in dollars for one natural unit of the resource; one that is absent is zero. */
export const Prices = Closed({
  usd_micro: price("dollars for a dollar spent, on top of it; below zero for a tenant whose promised share is favoured, which is forgiven that much of it", -1),
  tokens: price("dollars for 1,000 tokens"),
  gpu_us: price("dollars for a second of a GPU"),
  cpu_us: price("dollars for a minute of a processor"),
});
export type Prices = Static<typeof Prices>;

/** Whole units in one natural unit: what an amount is divided by before it is priced. */
export const PER_NATURAL_UNIT: Readonly<Record<Resource, number>> = { usd_micro: 1e6, tokens: 1e3, gpu_us: 1e6, cpu_us: 60e6 };
