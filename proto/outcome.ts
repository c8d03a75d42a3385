import { Type, type Static } from "@sinclair/typebox";
import { Observer } from "./actor.ts";
import { Gap } from "./facts.ts";
import { CheckName, Choice, Closed, Count, Decimal, PathBytes, RuleId, Scale, Sha256Hex, ShortText } from "./scalar.ts";
import type { HiddenNumber } from "./hidden-number.ts";
import { FailedTest } from "./failed-test.ts";
import { ATTACHED_MAX, AttachedText } from "./formal.ts";
import { PolicyDelta } from "./learned.ts";
import { Comparison, Waiver } from "./waiver.ts";

export const Range = Closed({
  path: PathBytes,
  start_line: Type.Integer({ minimum: 1 }),
  end_line: Type.Integer({ minimum: 1 }),
});
export type Range = Static<typeof Range>;

export const Fix = Closed({ description: ShortText, replacement: Type.Union([ShortText, Type.Null()], { description: "the text of the finding's lines after it, without the last one's ending; null where that is not known to the letter" }) });

/** `identity` is a digest of the rule and its masked, normalised line: what stays equal through a rename, a move or another indentation. */
export const Finding = Closed({
  rule: RuleId,
  message: ShortText,
  range: Type.Union([Range, Type.Null()], { description: "null where the finding is about the change as a whole" }),
  severity: Choice(["error", "warning", "note"], { description: "SARIF level; what it leads to is the policy's word" }),
  fingerprint: Sha256Hex,
  baseline: Choice(["new", "existing", "fixed", "not_compared"]),
  identity: Type.Optional(Sha256Hex),
  waiver: Type.Optional(Waiver),
  test: Type.Optional({ ...FailedTest, description: "the test that failed, and whose it is; of commands with JUnit reports" }),
  tags: Type.Array(Choice(["test-path", "fixture-path", "generated", "at-base"]), { maxItems: 8, description: "what policy may soften on" }),
  excerpt: Type.Union([ShortText, Type.Null()], { description: "redacted; hostile text, escape it" }),
  counterexample: Type.Union([ShortText, Type.Null()]),
  cex: Type.Optional(Type.String({ maxLength: 128 * 1024, description: "maestro.cex/v1 as canonical JSON: a document with a digest of its own, which travels in the bundle" })),
  fix: Type.Union([Fix, Type.Null()]),
});
export type Finding = Static<typeof Finding>;

/** The attempt in which a check was asked; its answer follows from the same inputs. */
export const Reused = Closed({ gate_id: Type.String({ maxLength: 128 }), attempt: Type.Integer({ minimum: 1 }) });
export type Reused = Static<typeof Reused>;

export const Result = Choice(["pass", "fail", "not_applicable", "unavailable"]);
export type Result = Static<typeof Result>;

/** The answer to one check's question. A throw, a kill or a lie becomes `unavailable`, never `pass`. */
export const Outcome = Closed({
  check: CheckName,
  result: Result,
  because: Type.Union([ShortText, Type.Null()], { description: "set for not_applicable and unavailable" }),
  observer: Observer,
  findings: Type.Array(Finding, { maxItems: 5000 }),
  findings_cut: Count,
  gaps: Type.Array(Gap, { maxItems: 256, description: "what this check could not see in this change" }),
  comparison: Type.Optional(Comparison),
  attached: Type.Optional(Type.Array(AttachedText, { maxItems: ATTACHED_MAX, description: "questions that were put to a solver" })),
  policies: Type.Optional(Type.Array(PolicyDelta, { maxItems: 16, description: "what of learned policies is another arm now" })),
  reused: Type.Optional(Reused),
});
export type Outcome = Static<typeof Outcome>;

export const Obligation = Closed({
  name: Type.String({ pattern: "^[a-z][a-z0-9./_-]*$", maxLength: 128 }),
  kind: Choice(["boolean", "numeric"]),
  required: Type.Boolean(),
  result: Result,
  observer: Observer,
  value: Type.Union([Decimal, Type.Null()]),
  unit: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
  scale: Scale,
  min: Type.Union([Decimal, Type.Null()]),
  max: Type.Union([Decimal, Type.Null()]),
  because: Type.Union([ShortText, Type.Null()], { description: "set for not_applicable and unavailable" }),
  hidden: Type.Optional(Type.Literal(true, { description: "the number was measured and stays here: value is null" })),
});
export type Obligation = Static<typeof Obligation>;

/** An obligation with the digest of the report it was read from; the digest stays here, since a short report could be guessed from it, as does a number that is hidden. */
export type MeasuredObligation = Obligation & { readonly source_sha256: string | null; readonly secret?: HiddenNumber };
