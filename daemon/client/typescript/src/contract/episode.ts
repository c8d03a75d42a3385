// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Prices, ResourceAmounts } from "./resource.ts";
import type { ContextValue, Forced, OutcomeRequest, Share } from "./routing.ts";

export type Episode = {
  readonly v: 1;
  /** milliseconds since 1970 and a number, both in base 36: in the order of time */
  readonly id: string;
  /** name of a router: one kind of decision */
  readonly router: string;
  readonly at_ms: number;
  /** whose: a tenant, or a user by its uid */
  readonly space: string;
  readonly split: Split;
  readonly context: Readonly<Record<string, ContextValue>>;
  readonly redacted: Redacted;
  readonly eligible: readonly Share[];
  /** what the policy drew */
  readonly drawn: string;
  /** what ran, after guards and fallbacks */
  readonly executed: string;
  /** of the executed arm; 1 where it was forced */
  readonly propensity: number;
  readonly forced: Forced | null;
  /** SHA-256, lower-case hex */
  readonly policy: string;
  readonly seed: string;
  readonly counter: number;
  readonly epoch: number;
  readonly prices: Prices;
  readonly reserved: ResourceAmounts;
  readonly reason: string;
  /** null: still open */
  readonly outcome: EpisodeOutcome | null;
};

export type EpisodeOutcome = {
  readonly reward: number | null;
  readonly definition: string;
  readonly version: number;
  readonly constraints: Readonly<Record<string, number>>;
  readonly usage: ResourceAmounts;
  /** from decision to outcome */
  readonly delay_ms: number;
  /** no outcome in time, or one that cannot be known */
  readonly censored: boolean;
};

export type EpisodePage = {
  /** of those the reader may see, in the order of time */
  readonly episodes: readonly Episode[];
  /** where the next page begins; null at the end */
  readonly next: string | null;
};

export type EpisodeReport = {
  /** the reporter's own name for this decision: the same one reported again changes nothing, another one under it is refused */
  readonly key: string;
  /** name of a router: one kind of decision */
  readonly router: string;
  /** when it was decided, in milliseconds since 1970; absent: now. Refused where an outcome would come too late, or more than a minute ahead */
  readonly at_ms?: number;
  readonly context: Readonly<Record<string, ContextValue>>;
  /** each arm that could have been drawn, with its propensity; they add up to one */
  readonly eligible: readonly Share[];
  /** the arm that ran; it was eligible, and its propensity is above zero */
  readonly executed: string;
  /** why the arm is not one drawn freely; such an episode is never learned from */
  readonly forced?: Forced;
  /** digest of what decided */
  readonly policy?: string;
  readonly reason?: string;
  /** where it is known already */
  readonly outcome?: OutcomeRequest;
};

export type EpisodesReply = {
  readonly episodes: readonly {
    readonly key: string;
    /** milliseconds since 1970 and a number, both in base 36: in the order of time */
    readonly id: string;
    /** false: it was reported before */
    readonly changed: boolean;
  }[];
};

export type EpisodesRequest = {
  /** all of them are kept, or none */
  readonly episodes: readonly EpisodeReport[];
};

export type OutcomeReply = {
  /** milliseconds since 1970 and a number, both in base 36: in the order of time */
  readonly id: string;
  /** false: the very same outcome was reported before */
  readonly changed: boolean;
};

export type Redacted = {
  readonly person: number;
  readonly email: number;
  readonly phone: number;
  readonly iban: number;
  readonly card: number;
  readonly token: number;
};

export type Split = "search" | "safety";

export type SplitFilter = "search" | "safety" | "all";
