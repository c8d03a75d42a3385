/** Decisions that are made often and learned from: which arm answers a request, at what propensity, and why. */
import { Type, type Static } from "@sinclair/typebox";
import { BreakerAction } from "./breaker.ts";
import { ModelName } from "./model-store.ts";
import { Prices, Resource, ResourceAmounts } from "./resource.ts";
import { Choice, Closed, Count, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

const Name = Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$" });
export const RouterId = { ...Name, description: "name of a router: one kind of decision" };
export const ArmId = { ...Name, description: "name of an arm: a model, a tool, a prompt, a variant of a check" };
export const Capability = { ...Name, description: "what an arm can do, as a request may require it" };
export const FieldName = Type.String({ pattern: "^[a-z][a-z0-9_]{0,62}$" });
export const ConstraintName = FieldName;

/** Arms of one router. */
export const ARMS_MAX = 64;
const FIELDS_MAX = 64;
/** Characters of one text in a context. */
export const CONTEXT_TEXT_MAX = 4_096;

/** The classes of personal and secret text that are looked for before anything is stored; docs/learning.md says how. */
export const PII_CLASSES = ["person", "email", "phone", "iban", "card", "token"] as const;
export const PiiClass = Choice(PII_CLASSES);
export type PiiClass = Static<typeof PiiClass>;

/** A field of a router's context. What is not declared is refused, so nothing is stored by accident. */
export const ContextField = Closed({
  name: FieldName,
  type: Choice(["number", "boolean", "choice", "text"]),
  values: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 256, description: "of a choice: any other value is refused" })),
  pii: Type.Optional(Choice(["person"], { description: "of a text that is somebody's name: a keyed pseudonym is stored in its place" })),
});
export type ContextField = Static<typeof ContextField>;

/** What one request takes of a resource: `fixed`, and so much for each unit of numeric context fields; rounded up to whole units. */
export const ArmUsage = Closed({
  resource: Resource,
  fixed: Type.Optional(Type.Number({ minimum: 0, maximum: 1e12 })),
  per: Type.Optional(Type.Record(FieldName, Type.Number({ minimum: 0, maximum: 1e12 }), { additionalProperties: false, maxProperties: FIELDS_MAX })),
});
export type ArmUsage = Static<typeof ArmUsage>;

export const ArmEntry = Closed({
  id: ArmId,
  capabilities: Type.Optional(Type.Array(Capability, { maxItems: 64 })),
  reversible: Type.Boolean({ default: false, description: "what it does can be undone: only such an arm is ever explored" }),
  usage: Type.Optional(Type.Array(ArmUsage, { maxItems: 4 })),
  action: Type.Optional({ ...BreakerAction, description: "what this arm sets off here: while the breaker of that action is open for whoever asks, the arm is taken away" }),
  model: Type.Optional({ ...ModelName, description: "of models.text or models.remote, which this arm asks: no arm for whoever may not ask that model, nor on a sealed node where another server has it. Its capabilities and prices are the arm's where the arm names none" }),
  reward: Type.Number({ minimum: -1e9, maximum: 1e9, default: 0, description: "expected where nothing has been learned" }),
});
export type ArmEntry = Static<typeof ArmEntry>;

/** What is wanted of an episode. A new version begins anew: rewards of two versions are never pooled. */
export const RewardDefinition = Closed({ name: Name, version: Type.Integer({ minimum: 1, maximum: 1_000_000 }), min: Type.Number(), max: Type.Number() });
export type RewardDefinition = Static<typeof RewardDefinition>;

/** What must not get worse: the mean of `name` over episodes stays at or below `max`. */
export const ConstraintEntry = Closed({ name: ConstraintName, min: Type.Number({ default: 0 }), max_value: Type.Number({ default: 1, description: "largest value one episode can report" }), max: Type.Number({ description: "bound on the mean" }) });
export type ConstraintEntry = Static<typeof ConstraintEntry>;

export const Exploration = Closed({
  epsilon: Type.Number({ minimum: 0, maximum: 1, default: 0.1, description: "share of decisions that are drawn among reversible arms" }),
  floor: Type.Number({ minimum: 0, maximum: 0.5, default: 0.02, description: "least propensity of each eligible reversible arm; largest weight of a candidate is one over it" }),
});
export type Exploration = Static<typeof Exploration>;

/** What a candidate has to prove before it may decide; see docs/learning.md. */
export const Promotion = Closed({
  delta: Type.Number({ minimum: 1e-9, maximum: 0.5, default: 0.05, description: "chance of a wrong yes, over all candidates that are ever tried" }),
  margin: Type.Number({ minimum: 0, maximum: 1e9, default: 0, description: "reward that an episode may bring less, in units of reward; what a saving elsewhere is worth to you" }),
  fresh: Type.Optional(Type.Boolean({ description: "default false. true: a candidate is judged by decisions made after the last report on any other one that came before it; then delta holds for candidates that were written by such reports, too" })),
  from: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 64, description: "tenants, or users by their number, whose decisions and outcomes a candidate is fitted to and judged by; absent: everybody's that whoever asks may see" })),
});
export type Promotion = Static<typeof Promotion>;

export const RouterEntry = Closed({
  id: RouterId,
  context: Type.Array(ContextField, { maxItems: FIELDS_MAX }),
  arms: Type.Array(ArmEntry, { minItems: 1, maxItems: ARMS_MAX }),
  baseline: { ...ArmId, description: "what answers where nothing is learned, and at once where a constraint is violated" },
  reward: RewardDefinition,
  value_usd_micro: { ...Count, default: 0, description: "what one unit of reward is worth; said by the operator, never by the caller" },
  constraints: Type.Optional(Type.Array(ConstraintEntry, { maxItems: 16 })),
  exploration: Type.Optional(Exploration),
  promotion: Type.Optional(Promotion),
  policy_file: Type.Optional(Type.String({ pattern: "^/", maxLength: 4096, description: "learned policy (maestro learn fit, promoted by maestro learn eval); absent: the baseline" })),
  policy_digest: Type.Optional({ ...Sha256Hex, description: "the one policy that is taken from there: a file that holds another never answers" }),
  outcome_s: Type.Integer({ minimum: 1, maximum: 2_592_000, default: 3_600, description: "an outcome that has not come after so long is censored, and what was reserved counts as used" }),
});
export type RouterEntry = Static<typeof RouterEntry>;

export const ContextValue = Type.Union([Type.Number(), Type.Boolean(), Type.String({ maxLength: CONTEXT_TEXT_MAX })]);
export const Context = Type.Record(FieldName, ContextValue, { additionalProperties: false, maxProperties: FIELDS_MAX });
export type Context = Static<typeof Context>;

/** One more decision. */
const RouteAsk = Closed({
  router: RouterId,
  context: Context,
  require: Type.Optional(Type.Array(Capability, { maxItems: 64, description: "only arms that can do all of this" })),
  without: Type.Optional(Type.Array(ArmId, { maxItems: ARMS_MAX, description: "arms that just failed; the answer then is forced and nothing is learned from it" })),
  key: Type.Optional(Type.String({ pattern: "^[\\x21-\\x7e]{1,128}$", description: "asked again under the same key, the same episode answers" })),
});
export type RouteAsk = Static<typeof RouteAsk>;

export const Share = Closed({ arm: ArmId, propensity: Type.Number({ minimum: 0, maximum: 1 }) });
export type Share = Static<typeof Share>;

export const EpisodeId = Type.String({ pattern: "^ep-[0-9a-z]{9,11}-[0-9a-z]{1,11}$", description: "milliseconds since 1970 and a number, both in base 36: in the order of time" });

export const RouteRequest = Type.Union([RouteAsk, Closed({ replay: { ...EpisodeId, description: "draw this decision again from what is on record of it; nothing is recorded" } })]);
export type RouteRequest = Static<typeof RouteRequest>;

/** Why the arm is not one drawn freely; such an episode is kept and never learned from. */
export const FORCED = ["only-arm", "without", "guard", "budget", "constraint", "fallback", "fixed"] as const;
export const Forced = Choice(FORCED, { description: "only-arm: nothing else could; without: the caller left arms out; guard, budget, constraint: an arm was taken away; fallback: the caller reports that it ran another; fixed: decided by rule" });

export const RouteReply = Closed({
  episode: EpisodeId,
  arm: ArmId,
  propensity: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
  eligible: Type.Array(Share, { maxItems: ARMS_MAX, description: "in the order of the configuration; their propensities add up to one" }),
  forced: Type.Union([Forced, Type.Null()]),
  reason: ShortText,
  policy: { ...Sha256Hex, description: "digest of what decided: learned policy, arms and exploration" },
  epoch: { ...Count, description: "slot of the prices" },
  prices: Prices,
  reserved: { ...ResourceAmounts, description: "taken from budgets until the outcome comes" },
  until: { ...Timestamp, description: "an outcome that comes later is not counted" },
  replay: Type.Optional(Closed({ same: Type.Boolean(), differs: Type.Array(Choice(["drawn", "eligible", "propensity"]), { maxItems: 3 }) }, { description: "of a replay: whether this is what was decided then, to the last bit" })),
});
export type RouteReply = Static<typeof RouteReply>;

/** An outcome, reported once; said again word for word it changes nothing. */
export const OutcomeRequest = Closed({
  reward: Type.Union([Type.Number(), Type.Null()], { description: "in the bounds of the reward's definition; null: it cannot be known" }),
  constraints: Type.Optional(Type.Record(ConstraintName, Type.Number(), { additionalProperties: false, maxProperties: 16 })),
  usage: Type.Optional({ ...ResourceAmounts, description: "what was really used; absent: as reserved" }),
  executed: Type.Optional({ ...ArmId, description: "the arm that really ran, where it is another" }),
});
export type OutcomeRequest = Static<typeof OutcomeRequest>;
