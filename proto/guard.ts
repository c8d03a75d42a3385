/** A question to the guards: do the rules hold of this event? */
import { Type, type Static } from "@sinclair/typebox";
import { Identifier } from "./expr.ts";
import { InvariantId, Severity } from "./invariant.ts";
import { Choice, Closed, ShortText } from "./scalar.ts";

/** Questions of one request. */
export const GUARD_QUESTIONS_MAX = 1_000;
const FIELDS_MAX = 200;
const Fields = Type.Record(Identifier, Type.Unknown(), { additionalProperties: false, maxProperties: FIELDS_MAX });

export const GuardQuestion = Closed({
  event: Type.Optional(Identifier),
  invariant: Type.Optional({ ...InvariantId, description: "one rule alone; exactly one of event and invariant" }),
  with: { ...Fields, description: "fields of the event; after an action, as they are then. Money in whole micro-dollars or \"$12.50\", a duration in milliseconds or \"5m\", whole numbers beyond 2^53 in quotes" },
  old: Type.Optional({ ...Fields, description: "of an action: the fields before it" }),
});
export type GuardQuestion = Static<typeof GuardQuestion>;

export const GuardRequest = Closed({ questions: Type.Array(GuardQuestion, { minItems: 1, maxItems: GUARD_QUESTIONS_MAX }) });
export type GuardRequest = Static<typeof GuardRequest>;

export const GuardViolation = Closed({
  id: InvariantId,
  severity: Severity,
  because: Choice(["false", "missing", "error"], { description: "false: the rule does not hold; missing, error: it could not be asked, which is no better" }),
  message: ShortText,
});
export type GuardViolation = Static<typeof GuardViolation>;

export const GuardAnswer = Closed({
  ok: Type.Boolean({ description: "every rule that was asked holds" }),
  rules: Type.Array(InvariantId, { description: "what was asked; empty where no rule is about that event" }),
  violations: Type.Array(GuardViolation),
});
export type GuardAnswer = Static<typeof GuardAnswer>;

export const GuardReply = Closed({ ok: Type.Boolean({ description: "all answers are ok" }), answers: Type.Array(GuardAnswer, { description: "in the order of the questions" }) });
export type GuardReply = Static<typeof GuardReply>;
