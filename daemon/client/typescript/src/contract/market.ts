// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Resource, ResourceAmounts } from "./resource.ts";

export type MarketAskedReply = {
  readonly requests: readonly {
    /** slot of the prices that it was answered at */
    readonly epoch: number;
    /** which of the arms was taken */
    readonly chosen: number;
    /** of each arm in dollars, what is paid for it taken off */
    readonly worth: readonly number[];
    readonly use: readonly ResourceAmounts[];
  }[];
  /** behind which the next page begins */
  readonly next: string | null;
};

export type MarketCertificate = {
  readonly regret: number;
  readonly promise: number;
  readonly holds: boolean;
};

export type MarketReply = {
  /** number of the open slot; never goes back */
  readonly epoch: number;
  readonly slot_s: number;
  /** RFC 3339, UTC, whole seconds */
  readonly slot_ends: string;
  /** how prices move; docs/market.md has both on a recorded load */
  readonly method: "adagrad" | "ogd";
  readonly step_max: number;
  readonly window_slots: number;
  readonly resources: readonly {
    readonly resource: Resource;
    /** what may be used in one slot, in whole units; above it the price rises */
    readonly capacity: number;
    /** largest price, in dollars for a natural unit: a dollar, 1,000 tokens, a second of a GPU, a minute of a processor */
    readonly price_max: number;
    readonly price: number;
    /** in the open slot, by everybody */
    readonly used: number;
  }[];
  readonly tenants: readonly TenantShare[];
  /** Jain's index of the shares of five minutes */
  readonly jain: number | null;
  readonly certificate: MarketCertificate;
  /** share of all slots in which a price was at its largest; null before the first is over */
  readonly at_cap: number | null;
  readonly kept: {
    readonly from: number;
    readonly slots: number;
  };
};

export type MarketSlot = {
  readonly epoch: number;
  readonly at_ms: number;
  readonly prices: readonly number[];
  readonly used: readonly number[];
  readonly regret: number;
  readonly promise: number;
};

export type MarketSlotsReply = {
  readonly slots: readonly MarketSlot[];
  readonly windows: readonly MarketWindow[];
  /** first of the next page */
  readonly next: number | null;
};

export type MarketWindow = {
  /** of its first slot */
  readonly epoch: number;
  /** how prices move; docs/market.md has both on a recorded load */
  readonly method: "adagrad" | "ogd";
  readonly step_max: number;
  readonly window_slots: number;
  readonly resources: readonly PricedResource[];
  readonly state: {
    readonly price: readonly number[];
    readonly squares: readonly number[];
    readonly began: readonly number[];
    readonly divisor: readonly number[];
    readonly gradients: readonly number[];
    readonly paid: readonly number[];
    readonly closed: readonly number[];
  };
};

export type PricedResource = {
  readonly resource: Resource;
  /** what may be used in one slot, in whole units; above it the price rises */
  readonly capacity: number;
  /** largest price, in dollars for a natural unit: a dollar, 1,000 tokens, a second of a GPU, a minute of a processor */
  readonly price_max: number;
};

export type TenantShare = {
  /** * for everybody without a line */
  readonly tenant: string;
  readonly floor: number;
  readonly ceiling: number;
  /** in the open slot */
  readonly used: ResourceAmounts;
  /** null: nothing was asked for */
  readonly minute: number | null;
  /** null: nothing was asked for */
  readonly five_minutes: number | null;
  /** weight of its promised share: it pays prices divided by one more than this */
  readonly favour: number;
  /** time with demand and nothing served */
  readonly starving_s: number;
  readonly starving_longest_s: number;
};
