import { Type, type Static } from "@sinclair/typebox";
import { ActorClass } from "./actor.ts";
import { Range } from "./outcome.ts";
import { CheckName, Choice, Closed, RuleId, Sha256Hex, ShortText } from "./scalar.ts";

export const Verdict = Choice(["admit", "refuse", "hold"]);
export type Verdict = Static<typeof Verdict>;

export const Effect = Choice(["refuse", "hold", "note", "pass"]);
export type Effect = Static<typeof Effect>;

export const RuleMode = Choice(["observe", "enforce"]);
export type RuleMode = Static<typeof RuleMode>;

/** What a policy says of one finding, by the index the findings were handed to it in. */
export const PolicyEffect = Closed({
  finding: Type.Integer({ minimum: 0 }),
  effect: Effect,
  mode: RuleMode,
  because: ShortText,
});
export type PolicyEffect = Static<typeof PolicyEffect>;

/** A reason a policy raises that hangs on no finding: a missing approval, a label, an actor. */
export const PolicyReason = Closed({ rule: RuleId, effect: Effect, mode: RuleMode, because: ShortText });

/** The policy's whole answer; anything that does not have this shape is no answer. */
export const PolicyAnswer = Closed({
  actor: ActorClass,
  effects: Type.Array(PolicyEffect, { maxItems: 50_000 }),
  reasons: Type.Array(PolicyReason, { maxItems: 1000 }),
});
export type PolicyAnswer = Static<typeof PolicyAnswer>;

export const PolicyResult = Type.Union([
  Closed({ result: Type.Literal("decided"), answers: Type.Array(PolicyAnswer, { minItems: 1, maxItems: 8 }) }),
  Closed({ result: Type.Literal("unavailable"), because: ShortText }),
]);
export type PolicyResult = Static<typeof PolicyResult>;

export const Reason = Closed({
  rule: RuleId,
  check: Type.Union([CheckName, Type.Null()]),
  effect: Choice(["refuse", "hold", "note"]),
  observed: Type.Boolean({ description: "true: the rule only observes, so the effect is what it would have been" }),
  because: ShortText,
  ranges: Type.Array(Range),
  excerpt: Type.Union([ShortText, Type.Null()]),
  fingerprints: Type.Array(Sha256Hex),
  accepted: Type.Optional(Choice(["existing", "waived", "flaky"], { description: "why these findings lead to no more than a note: they were at the base, a waiver accepts them, or they are known flaky tests that passed when run again" })),
});
export type Reason = Static<typeof Reason>;

/** The smallest safe thing to do next, as data an agent can act on. */
export const NextStep = Closed({
  action: Choice(["merge", "fix_finding", "ask_person", "split_change", "rebase", "fetch_history", "retry", "repair_policy", "repair_check"]),
  text: ShortText,
  command: Type.Union([Type.Array(ShortText, { maxItems: 16 }), Type.Null()], { description: "argv; never built from text of the change" }),
  rule: Type.Union([RuleId, Type.Null()]),
  cost: Choice(["none", "seconds", "minutes", "a person"]),
  risk: Choice(["none", "low", "medium", "high"]),
});
export type NextStep = Static<typeof NextStep>;

export const Decision = Closed({
  verdict: Verdict,
  reasons: Type.Array(Reason, { description: "decisive first: refuse, hold, observed, note" }),
  next: Type.Array(NextStep, { minItems: 1, maxItems: 4, description: "what a refusal needs before what a hold needs, smallest first" }),
});
export type Decision = Static<typeof Decision>;
