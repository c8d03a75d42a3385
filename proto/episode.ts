/** One decision as it is kept, exported and learned from. */
import { Type, type Static } from "@sinclair/typebox";
import { Prices, ResourceAmounts } from "./resource.ts";
import { ArmId, ARMS_MAX, ConstraintName, Context, EpisodeId, Forced, OutcomeRequest, type PiiClass, RouterId, Share } from "./routing.ts";
import { Choice, Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";

export const EpisodeOutcome = Closed({
  reward: Type.Union([Type.Number(), Type.Null()]),
  definition: ShortText,
  version: Count,
  constraints: Type.Record(ConstraintName, Type.Number(), { additionalProperties: false }),
  usage: ResourceAmounts,
  delay_ms: { ...Count, description: "from decision to outcome" },
  censored: { ...Type.Boolean(), description: "no outcome in time, or one that cannot be known" },
});
export type EpisodeOutcome = Static<typeof EpisodeOutcome>;

/** Which half an episode belongs to, by a keyed hash of its id: candidates are searched on one and judged on the other. */
export const Split = Choice(["search", "safety"]);
export type Split = Static<typeof Split>;

/** How many of each class were replaced before an episode was stored. */
export const Redacted = Closed({ person: Count, email: Count, phone: Count, iban: Count, card: Count, token: Count } satisfies Record<PiiClass, typeof Count>);
export type Redacted = Static<typeof Redacted>;

export const Episode = Closed({
  v: Type.Literal(1),
  id: EpisodeId,
  router: RouterId,
  at_ms: Count,
  space: { ...Type.String({ maxLength: 128 }), description: "whose: a tenant, or a user by its uid" },
  split: Split,
  context: Context,
  redacted: Redacted,
  eligible: Type.Array(Share, { minItems: 1, maxItems: ARMS_MAX }),
  drawn: { ...ArmId, description: "what the policy drew" },
  executed: { ...ArmId, description: "what ran, after guards and fallbacks" },
  propensity: { ...Type.Number({ exclusiveMinimum: 0, maximum: 1 }), description: "of the executed arm; 1 where it was forced" },
  forced: Type.Union([Forced, Type.Null()]),
  policy: Sha256Hex,
  seed: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  counter: Count,
  epoch: Count,
  prices: Prices,
  reserved: ResourceAmounts,
  reason: ShortText,
  outcome: Type.Union([EpisodeOutcome, Type.Null()], { description: "null: still open" }),
});
export type Episode = Static<typeof Episode>;

/** Canonical JSON of an episode's context and eligible arms together, after the privacy filter; one that is larger is refused. */
export const EPISODE_BYTES_MAX = 8 * 1024;
/** Episodes of one report. */
export const EPISODES_PER_REPORT_MAX = 500;
/** A decision dated further ahead of the daemon's clock is refused. */
export const EPISODE_AHEAD_MS_MAX = 60_000;
/** How far from one the propensities of the eligible arms may add up. */
export const SHARES_TOLERANCE = 1e-9;

/** Routers of the daemon itself: what its gates answer, and which checks it runs. No host configuration has one of these names. */
export const OWN_ROUTER_IDS: readonly string[] = ["gate", "check"];
/** Stands for the policy where nothing learned decided, or nobody said what did. */
export const EMPTY_SHA256 = "0".repeat(64);
/** Stands for the seed where nothing was drawn here: a daemon's own decisions, and those that somebody reports. */
export const UNDRAWN_SEED = "0".repeat(32);

/** A decision that was made elsewhere, with what it was drawn from. */
export const EpisodeReport = Closed({
  key: Type.String({ pattern: "^[\\x21-\\x7e]{1,128}$", description: "the reporter's own name for this decision: the same one reported again changes nothing, another one under it is refused" }),
  router: RouterId,
  at_ms: Type.Optional({ ...Count, description: "when it was decided, in milliseconds since 1970; absent: now. Refused where an outcome would come too late, or more than a minute ahead" }),
  context: Context,
  eligible: Type.Array(Share, { minItems: 1, maxItems: ARMS_MAX, description: "each arm that could have been drawn, with its propensity; they add up to one" }),
  executed: { ...ArmId, description: "the arm that ran; it was eligible, and its propensity is above zero" },
  forced: Type.Optional({ ...Forced, description: "why the arm is not one drawn freely; such an episode is never learned from" }),
  policy: Type.Optional({ ...Sha256Hex, description: "digest of what decided" }),
  reason: Type.Optional(Type.String({ maxLength: 300 })),
  outcome: Type.Optional({ ...OutcomeRequest, description: "where it is known already" }),
});
export type EpisodeReport = Static<typeof EpisodeReport>;

export const EpisodesRequest = Closed({ episodes: Type.Array(EpisodeReport, { minItems: 1, maxItems: EPISODES_PER_REPORT_MAX, description: "all of them are kept, or none" }) });
export type EpisodesRequest = Static<typeof EpisodesRequest>;
export const EpisodesReply = Closed({ episodes: Type.Array(Closed({ key: Type.String(), id: EpisodeId, changed: { ...Type.Boolean(), description: "false: it was reported before" } }), { maxItems: EPISODES_PER_REPORT_MAX }) });
export type EpisodesReply = Static<typeof EpisodesReply>;

export const OutcomeReply = Closed({ id: EpisodeId, changed: { ...Type.Boolean(), description: "false: the very same outcome was reported before" } });
export type OutcomeReply = Static<typeof OutcomeReply>;

/** A router by its name, or every one. */
export const EVERY_ROUTER = "*";
export const RouterFilter = Type.String({ pattern: "^(?:\\*|[a-z][a-z0-9-]{0,62})$", description: "a router by its name, or * for every one" });
export const SplitFilter = Choice(["search", "safety", "all"]);
export type SplitFilter = Static<typeof SplitFilter>;
/** Where a page begins: after an episode, or at a time. */
export const EpisodeCursor = Type.String({ pattern: "^(?:[0-9]{1,15}|ep-[0-9a-z]{9,11}-[0-9a-z]{1,11})$", description: "the id after which the page begins, or milliseconds since 1970; 0 is the oldest" });
export const EpisodePage = Closed({
  episodes: Type.Array(Episode, { description: "of those the reader may see, in the order of time" }),
  next: Type.Union([EpisodeId, Type.Null()], { description: "where the next page begins; null at the end" }),
});
export type EpisodePage = Static<typeof EpisodePage>;
