/** Prices of what routed work takes, shares that are promised, and the certificate of both: configuration, and how they cross the socket. */
import { Type, type Static } from "@sinclair/typebox";
import { Resource, RESOURCES, ResourceAmounts } from "./resource.ts";
import { ARMS_MAX, EpisodeId } from "./routing.ts";
import { Choice, Closed, Count, Timestamp } from "./scalar.ts";
import { TenantId } from "./tenant.ts";

/** Tenants with a line of their own; everybody else shares one. */
export const MARKET_TENANTS_MAX = 63;
/** The line of everybody who is not named; no name of a tenant, so that none can be taken for it. */
export const OTHERS = "*";
/** A certificate says prices in billionths of a dollar, as whole numbers. */
const PRICE_MAX_USD = 1_000_000;

export const PricedResource = Closed({
  resource: Resource,
  capacity: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "what may be used in one slot, in whole units; above it the price rises" }),
  price_max: Type.Number({ exclusiveMinimum: 0, maximum: 1e9, description: "largest price, in dollars for a natural unit: a dollar, 1,000 tokens, a second of a GPU, a minute of a processor" }),
});
export type PricedResource = Static<typeof PricedResource>;

export const MarketTenant = Closed({
  id: TenantId,
  floor: Type.Number({ minimum: 0, maximum: 1, default: 0, description: "share of what it asks for, by value, that it is always served" }),
  ceiling: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1, description: "most of each capacity that it may use in one slot" }),
  demand: Type.Optional({ ...ResourceAmounts, description: "what all it asks for would take in one slot; needed beside a floor" }),
});
export type MarketTenant = Static<typeof MarketTenant>;

export const MarketSetting = Closed({
  slot_s: Type.Integer({ minimum: 1, maximum: 3_600, default: 10, description: "prices move once a slot" }),
  method: { ...Choice(["adagrad", "ogd"], { description: "how prices move; docs/market.md has both on a recorded load" }), default: "adagrad" },
  step_max: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.25, description: "largest change of a price in one slot, as a share of price_max" }),
  window_slots: Type.Integer({ minimum: 0, maximum: 100_000, default: 360, description: "slots after which the steps begin anew, so that they do not shrink to nothing; 0 never" }),
  resources: Type.Array(Closed({ ...PricedResource.properties, price_max: { ...PricedResource.properties.price_max, ...Type.Number({ minimum: 1e-9, maximum: PRICE_MAX_USD }) } }), { minItems: 1, maxItems: RESOURCES.length }),
  tenants: Type.Optional(Type.Array(MarketTenant, { maxItems: MARKET_TENANTS_MAX, description: "with a share of their own; everybody else shares what is left, without a floor" })),
});
export type MarketSetting = Static<typeof MarketSetting>;

const Money = Type.Number();
const Share = Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: "null: nothing was asked for" });

/** Both sides of the certificate, in dollars: the prices' regret against the best fixed ones is at most what was promised, whatever arrived. */
export const MarketCertificate = Closed({ regret: Money, promise: Money, holds: Type.Boolean() });

export const TenantShare = Closed({
  tenant: Type.String({ maxLength: 64, description: "* for everybody without a line" }),
  floor: Type.Number(),
  ceiling: Type.Number(),
  used: { ...ResourceAmounts, description: "in the open slot" },
  minute: Share,
  five_minutes: Share,
  favour: { ...Type.Number({ minimum: 0 }), description: "weight of its promised share: it pays prices divided by one more than this" },
  starving_s: { ...Type.Number({ minimum: 0 }), description: "time with demand and nothing served" },
  starving_longest_s: Type.Number({ minimum: 0 }),
});
export type TenantShare = Static<typeof TenantShare>;

const PricedNow = Closed({ ...PricedResource.properties, price: Type.Number(), used: { ...Count, description: "in the open slot, by everybody" } });

export const MarketReply = Closed({
  epoch: { ...Count, description: "number of the open slot; never goes back" },
  slot_s: Count,
  slot_ends: Timestamp,
  method: MarketSetting.properties.method,
  step_max: Type.Number(),
  window_slots: Count,
  resources: Type.Array(PricedNow),
  tenants: Type.Array(TenantShare),
  jain: { ...Share, description: "Jain's index of the shares of five minutes" },
  certificate: MarketCertificate,
  at_cap: { ...Type.Union([Type.Number(), Type.Null()]), description: "share of all slots in which a price was at its largest; null before the first is over" },
  kept: Closed({ from: Count, slots: Count }),
});
export type MarketReply = Static<typeof MarketReply>;

/** One closed slot, amounts and prices in the order of its window's resources. */
export const MarketSlot = Closed({ epoch: Count, at_ms: Count, prices: Type.Array(Type.Number(), { maxItems: 8 }), used: Type.Array(Count, { maxItems: 8 }), regret: Money, promise: Money });
export type MarketSlot = Static<typeof MarketSlot>;

const Cells = Type.Array(Type.Number(), { maxItems: 8 });
/** What the prices went on from: with it every later slot of the window can be computed again. */
export const MarketWindow = Closed({
  epoch: { ...Count, description: "of its first slot" },
  method: MarketSetting.properties.method,
  step_max: Type.Number(),
  window_slots: Count,
  resources: Type.Array(PricedResource, { maxItems: 8 }),
  state: Closed({ price: Cells, squares: Cells, began: Cells, divisor: Cells, gradients: Cells, paid: Cells, closed: Cells }),
});
export type MarketWindow = Static<typeof MarketWindow>;

export const SLOTS_PAGE_MAX = 1_000;
export const MarketSlotsReply = Closed({ slots: Type.Array(MarketSlot, { maxItems: SLOTS_PAGE_MAX }), windows: Type.Array(MarketWindow), next: Type.Union([Count, Type.Null()], { description: "first of the next page" }) });
export type MarketSlotsReply = Static<typeof MarketSlotsReply>;
/** One request that prices decided: the arms that were compared, as they stood without prices. */
const MarketAsked = Closed({
  epoch: { ...Count, description: "slot of the prices that it was answered at" },
  chosen: { ...Count, description: "which of the arms was taken" },
  worth: Type.Array(Money, { maxItems: ARMS_MAX, description: "of each arm in dollars, what is paid for it taken off" }),
  use: Type.Array(ResourceAmounts, { maxItems: ARMS_MAX }),
});
export type MarketAsked = Static<typeof MarketAsked>;
export const MarketAskedReply = Closed({ requests: Type.Array(MarketAsked), next: Type.Union([EpisodeId, Type.Null()], { description: "behind which the next page begins" }) });
export type MarketAskedReply = Static<typeof MarketAskedReply>;
/** In a path: the first slot wanted. */
export const SlotFrom = Type.String({ pattern: "^[0-9]{1,15}$" });
