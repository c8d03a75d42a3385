/** Property tests of invariants: the code they drive, declared in `targets.yaml` beside the invariants, and what came of it. */
import { Type, type Static } from "@sinclair/typebox";
import { Counterexample } from "./counterexample.ts";
import { Identifier } from "./expr.ts";
import { InvariantId, TypeText } from "./invariant.ts";
import { Choice, Closed, Count, ShortText } from "./scalar.ts";

export const PROPERTY_RUNS_MAX = 100_000;
export const PROPERTY_STEPS_MAX = 200;
export const TARGETS_MAX = 200;

const Whole = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, description: "a whole number; money is in micro-dollars, so 2000000 is $2" });
const ModulePath = Type.String({ pattern: "^(?!/)(?!(?:.*/)?\\.\\.?(?:/|$))[A-Za-z0-9@._/-]+\\.(?:ts|tsx|mts|js|mjs|cjs)$", maxLength: 512, description: "a file of this repository, such as src/budget.ts" });
const Export = Type.String({ pattern: "^[A-Za-z_$][A-Za-z0-9_$]{0,127}$", description: "what the module exports" });
const Range = { min: Type.Optional(Whole), max: Type.Optional(Whole) };

/** How a value is made: a type alone, or with bounds for whole numbers; money in micro-dollars. */
export const ArgumentDeclaration = Type.Union([TypeText, Closed({ type: TypeText, ...Range })], { description: "int, money, double, bool, string, duration, enum[a, b] or list<T>; or {type, min, max}" });
export type ArgumentDeclaration = Static<typeof ArgumentDeclaration>;

export const ActionDeclaration = Closed({
  args: Type.Optional(Type.Record(Identifier, ArgumentDeclaration, { maxProperties: 16, additionalProperties: false })),
  event: Type.Optional({ ...Identifier, description: "the event this action is; the invariant is asked after it where its `when` names that event" }),
});
const Actions = Type.Record(Identifier, ActionDeclaration, { minProperties: 1, maxProperties: 50, additionalProperties: false });

const FunctionTarget = Closed({
  module: ModulePath,
  export: Export,
  args: Type.Array(Type.Union([Identifier, Closed({ field: Identifier, ...Range })]), { minItems: 1, maxItems: 16, description: "fields of the invariant, in the order the function takes them" }),
  returns: Type.Optional({ ...Identifier, description: "the field that the result is; without it the function gives an object of fields" }),
});
const ModelTarget = Closed({ module: ModulePath, export: Export });
const CommandTarget = Closed({ argv: Type.Array(Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[^\\u0000]*$" }), { minItems: 1, maxItems: 64, description: "a program that reads {init} and {step} lines and writes {state} lines" }) });

export const PropertyTarget = Closed({
  about: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  invariants: Type.Array(InvariantId, { minItems: 1, maxItems: 20 }),
  function: Type.Optional(FunctionTarget),
  model: Type.Optional(ModelTarget),
  command: Type.Optional(CommandTarget),
  actions: Type.Optional(Actions),
  steps_max: Type.Optional(Type.Integer({ minimum: 1, maximum: PROPERTY_STEPS_MAX, description: "actions of one case; 20" })),
  runs: Type.Optional(Type.Integer({ minimum: 1, maximum: PROPERTY_RUNS_MAX, description: "cases; 200" })),
});
export type PropertyTarget = Static<typeof PropertyTarget>;

export const TargetsDocument = Closed(
  { targets: Type.Record(Type.String({ pattern: "^[a-z][a-z0-9-]{0,63}$" }), PropertyTarget, { minProperties: 1, maxProperties: TARGETS_MAX, additionalProperties: false }) },
  { $id: "PropertyTargets", description: "targets.yaml: the code that property tests of invariants drive" },
);
export type TargetsDocument = Static<typeof TargetsDocument>;

/** What ran, counted where it ran. */
export const PropertyCounts = Closed({
  cases: { ...Count, description: "cases that were made" },
  calls: { ...Count, description: "calls of the target that came back" },
  asked: { ...Count, description: "conditions that were asked of a state" },
  changed: { ...Count, description: "actions after which a field was another" },
  skipped: { ...Count, description: "calls that `pre` left out" },
  actions: Type.Record(Type.String(), Count, { description: "calls by action" }),
});
export type PropertyCounts = Static<typeof PropertyCounts>;

export const PropertyOutcome = Type.Union([
  Closed({ result: Type.Literal("pass"), counts: PropertyCounts, unmet: Type.Array(ShortText, { maxItems: 150, description: "conditions `a || b` of which a was true of all cases from outside, so that b was never needed" }) }),
  Closed({ result: Type.Literal("fail"), counterexample: Counterexample, counts: PropertyCounts }),
  /** Not run, crashed, empty, or seen once and never again: no pass, and nothing that is shown as a counterexample. */
  Closed({ result: Type.Literal("unavailable"), reason: Choice(["declared", "not_expressible", "not_run", "target", "vacuous", "flaky", "internal"]), because: ShortText }),
]);
export type PropertyOutcome = Static<typeof PropertyOutcome>;

export const PropertyRow = Closed({
  target: Type.String({ maxLength: 64 }),
  invariant: Type.String({ maxLength: 128 }),
  seed: Type.Integer(),
  outcome: PropertyOutcome,
  us: Count,
});
export type PropertyRow = Static<typeof PropertyRow>;

/** `maestro invariants test`: a row for each target and invariant. */
export const PropertyReport = Closed({ rows: Type.Array(PropertyRow) });
export type PropertyReport = Static<typeof PropertyReport>;
