// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Prices, ResourceAmounts } from "./resource.ts";

export type ContextValue = number | boolean | string;

export type Exploration = {
  /** share of decisions that are drawn among reversible arms */
  readonly epsilon: number;
  /** least propensity of each eligible reversible arm; largest weight of a candidate is one over it */
  readonly floor: number;
};

/** only-arm: nothing else could; without: the caller left arms out; guard, budget, constraint: an arm was taken away; fallback: the caller reports that it ran another; fixed: decided by rule */
export type Forced = "only-arm" | "without" | "guard" | "budget" | "constraint" | "fallback" | "fixed";

export type OutcomeRequest = {
  /** in the bounds of the reward's definition; null: it cannot be known */
  readonly reward: number | null;
  readonly constraints?: Readonly<Record<string, number>>;
  /** what was really used; absent: as reserved */
  readonly usage?: ResourceAmounts;
  /** the arm that really ran, where it is another */
  readonly executed?: string;
};

export type RewardDefinition = {
  readonly name: string;
  readonly version: number;
  readonly min: number;
  readonly max: number;
};

export type RouteReply = {
  /** milliseconds since 1970 and a number, both in base 36: in the order of time */
  readonly episode: string;
  /** name of an arm: a model, a tool, a prompt, a variant of a check */
  readonly arm: string;
  readonly propensity: number;
  /** in the order of the configuration; their propensities add up to one */
  readonly eligible: readonly Share[];
  readonly forced: Forced | null;
  readonly reason: string;
  /** digest of what decided: learned policy, arms and exploration */
  readonly policy: string;
  /** slot of the prices */
  readonly epoch: number;
  readonly prices: Prices;
  /** taken from budgets until the outcome comes */
  readonly reserved: ResourceAmounts;
  /** an outcome that comes later is not counted */
  readonly until: string;
  /** of a replay: whether this is what was decided then, to the last bit */
  readonly replay?: {
    readonly same: boolean;
    readonly differs: readonly ("drawn" | "eligible" | "propensity")[];
  };
};

export type RouteRequest = {
  /** name of a router: one kind of decision */
  readonly router: string;
  readonly context: Readonly<Record<string, ContextValue>>;
  /** only arms that can do all of this */
  readonly require?: readonly string[];
  /** arms that just failed; the answer then is forced and nothing is learned from it */
  readonly without?: readonly string[];
  /** asked again under the same key, the same episode answers */
  readonly key?: string;
} | {
  /** draw this decision again from what is on record of it; nothing is recorded */
  readonly replay: string;
};

export type Share = {
  /** name of an arm: a model, a tool, a prompt, a variant of a check */
  readonly arm: string;
  readonly propensity: number;
};
