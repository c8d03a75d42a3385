/** An invariant as a person writes it, one YAML document each; docs/invariants.md has every form. */
import { Type, type Static } from "@sinclair/typebox";
import { Identifier } from "./expr.ts";
import { EXPRESSION_CHARACTERS_MAX } from "./expression-limit.ts";
import { Choice, Closed } from "./scalar.ts";

/** A person's file; the parser of YAML is superlinear in nesting, which has a limit of its own. */
export const INVARIANT_BYTES_MAX = 64 * 1024;
/** Files of one folder, the catalogue of events among them. */
export const INVARIANT_FILES_MAX = 1_000;
/** Live keys a monitor may be told to hold. */
export const INVARIANT_KEYS_MAX = 1_000_000;
/** Without `toLocaleString`, whose tables would lie in the memory of every daemon: 1.1 MB. */
const KEYS_MAX_TEXT = String(INVARIANT_KEYS_MAX).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");

const Line = Type.String({ minLength: 1, maxLength: 500 });
const ExpressionText = Type.String({ minLength: 1, maxLength: EXPRESSION_CHARACTERS_MAX, description: "an expression, such as total_spend_usd <= budget_usd" });

export const TypeText = Type.String({
  maxLength: 2_000,
  pattern: "^(?:list<)*(?:int|money|double|bool|string|duration|enum\\[[^\\[\\]<>]+\\])>*$",
  description: "int, money, double, bool, string, duration, enum[a, b] or list<T>",
});
export const FieldDeclaration = Type.Union(
  [
    TypeText,
    Closed({
      type: TypeText,
      tainted: Type.Optional(Type.Boolean({ description: "comes from outside: never shown in a message" })),
      about: Type.Optional(Line),
    }),
  ],
  { description: "int, money, double, bool, string, duration, enum[a, b] or list<T>; or {type, tainted, about}" },
);
const Fields = Type.Record(Identifier, FieldDeclaration, { maxProperties: 200, additionalProperties: false });

export const InvariantId = Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_-]*(?:\\.[A-Za-z0-9][A-Za-z0-9_-]*)*$", maxLength: 96, description: "such as INV.BUDGET.CAP" });
export const Severity = Choice(["critical", "high", "medium", "low"]);
/** Of a document that says none. */
export const SEVERITY_DEFAULT: Static<typeof Severity> = "high";

const Clause = Closed({
  expr: ExpressionText,
  message: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: "what is said of a violation; {{field}} shows a declared field" })),
});
const Clauses = Type.Array(Clause, { minItems: 1, maxItems: 50 });

export const TemporalClause = Closed({
  formula: Type.String({ minLength: 1, maxLength: EXPRESSION_CHARACTERS_MAX, description: "such as call leads_to reply within 30s" }),
  message: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  only: Type.Optional(Type.Literal("model", { description: "for the model checker alone; there, and only there, eventually needs no bound" })),
});

const ExampleValue = Type.Union([Type.Boolean(), Type.Number(), Type.String(), Type.Array(Type.Unknown(), { maxItems: 1000 })], { description: "true, false, a number, a text or a list; leave the field away where it is missing" });
const ExampleFields = Type.Record(Identifier, ExampleValue, { additionalProperties: false });
const ExampleEvent = Closed({
  at: Type.String({ pattern: "^[0-9]", maxLength: 32, description: "time since the beginning, such as 10s" }),
  event: Type.Optional(Identifier),
  with: Type.Optional(ExampleFields),
});
export const Example = Closed({
  event: Type.Optional(Identifier),
  with: Type.Optional(ExampleFields),
  old: Type.Optional(ExampleFields),
  trace: Type.Optional(Type.Array(ExampleEvent, { minItems: 1, maxItems: 200 })),
}, { description: "the fields of one event in `with` (before an action in `old`), or a `trace` of events in time" });
export type Example = Static<typeof Example>;
const Examples = Type.Union([Example, Type.Array(Example, { minItems: 1, maxItems: 50 })], { description: "one example, or a list of up to 50" });

export const InvariantDocument = Closed(
  {
    id: InvariantId,
    scope: Identifier,
    severity: Type.Optional(Severity),
    owner: Type.Optional(Line),
    rationale: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })),
    when: Type.Array(Closed({ event: Identifier }), { minItems: 1, maxItems: 20 }),
    fields: Type.Optional(Fields),
    per: Type.Optional(Type.Union([Identifier, Type.Array(Identifier, { minItems: 1, maxItems: 4 })], { description: "a field, or a list of up to four, by whose values temporal conditions are kept apart" })),
    keys_max: Type.Optional(Type.Integer({ minimum: 1, maximum: INVARIANT_KEYS_MAX, description: `how many of them at once, 1 to ${KEYS_MAX_TEXT}` })),
    assert: Type.Optional(Clauses),
    pre: Type.Optional(Clauses),
    post: Type.Optional(Clauses),
    temporal: Type.Optional(Type.Array(TemporalClause, { minItems: 1, maxItems: 20 })),
    examples: Type.Optional(Closed({ holds: Examples, breaks: Examples })),
  },
  { $id: "Invariant", description: "a rule about the events of a system" },
);
export type InvariantDocument = Static<typeof InvariantDocument>;

/** Which events there are, and what each carries: the types of an invariant that declares none. */
export const EventCatalogue = Closed(
  { events: Type.Record(Identifier, Closed({ about: Type.Optional(Line), fields: Fields }), { minProperties: 1, maxProperties: 500, additionalProperties: false }) },
  { $id: "EventCatalogue", description: "events.yaml: the events invariants are about" },
);
export type EventCatalogue = Static<typeof EventCatalogue>;
