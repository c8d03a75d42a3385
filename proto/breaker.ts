/** Circuit breakers of actions that reach far: after a number of failures in a time the action is refused for a while, of that tenant alone. */
import { Type, type Static } from "@sinclair/typebox";
import { BreakerLimits } from "./limits.ts";
import { PersonId } from "./people.ts";
import { ReleaseProof } from "./release.ts";
import { Choice, Closed, Count, ShortText, Timestamp } from "./scalar.ts";

export const BREAKER_ACTIONS = ["build", "keyless", "override", "release", "rotate", "ship"] as const;
export const BreakerAction = Choice(BREAKER_ACTIONS);
export type BreakerAction = Static<typeof BreakerAction>;

const OfOneAction = Type.Optional(Type.Partial(BreakerLimits, { additionalProperties: false }));
/** Where one action's breaker is set otherwise than `limits.breaker`. */
export const BreakerSettings = Closed({ build: OfOneAction, keyless: OfOneAction, override: OfOneAction, release: OfOneAction, rotate: OfOneAction, ship: OfOneAction } satisfies Record<BreakerAction, typeof OfOneAction>);
export type BreakerSettings = Static<typeof BreakerSettings>;

/** Whose breaker: a tenant by its name, a user of this machine by its uid in digits. */
export const BreakerParty = Type.String({ minLength: 1, maxLength: 128, pattern: "^[^\\u0000-\\u0020\\u007f]+$" });
export const BREAKER_STATES = ["closed", "open", "half-open"] as const;

export const BreakerView = Closed({
  action: BreakerAction,
  party: BreakerParty,
  state: Choice(BREAKER_STATES),
  failures: { ...Count, description: "within the window, while it is closed" },
  trips: { ...Count, description: "how often it has opened; names the opening that a reset is for" },
  reason: Type.Union([ShortText, Type.Null()], { description: "what opened it" }),
  opened: Type.Union([Timestamp, Type.Null()]),
  half_opens: Type.Union([Timestamp, Type.Null()]),
});
export type BreakerView = Static<typeof BreakerView>;
export const BreakersReply = Closed({ trust_domain: Type.String({ maxLength: 253 }), breakers: Type.Array(BreakerView, { description: "those that are not plainly closed" }) });
export type BreakersReply = Static<typeof BreakersReply>;

export const BREAKER_RESET_PREDICATE = "urn:maestro:predicate:breaker-reset:v1";
/** Namespace of the person's SSH signature: one for another use is none here. */
export const BREAKER_RESET_NAMESPACE = "maestro-breaker-reset";

/** What a person puts their name to. It is of one opening: `trips` and `opened` are others the next time, so it is good once. */
export const BreakerResetRequest = Closed({
  type: Type.Literal("maestro.breaker-reset"),
  v: Type.Literal(1),
  trust_domain: Type.String({ maxLength: 253 }),
  action: BreakerAction,
  party: BreakerParty,
  trips: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  opened: Timestamp,
  reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S", description: "why, in the person's words" }),
});
export type BreakerResetRequest = Static<typeof BreakerResetRequest>;

/** Without a key the caller's user is the proof. */
export const BreakerResetAsk = Closed({
  request: BreakerResetRequest,
  public_key: Type.Optional(Type.String({ maxLength: 2000 })),
  signature: Type.Optional(Type.String({ maxLength: 8192, description: "armoured SSHSIG over the request's canonical bytes" })),
});
export type BreakerResetAsk = Static<typeof BreakerResetAsk>;
export const BreakerResetReply = Closed({ person: PersonId, log_index: Count });
export type BreakerResetReply = Static<typeof BreakerResetReply>;

/** What is signed and logged before the breaker closes. */
export const BreakerReset = Closed({ request: BreakerResetRequest, person: PersonId, proof: ReleaseProof, at: Timestamp });
export type BreakerReset = Static<typeof BreakerReset>;
