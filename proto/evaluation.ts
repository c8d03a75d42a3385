/** Whether a candidate may replace what decides: the question, the answer, and everything that it rests on. */
import { Type, type Static } from "@sinclair/typebox";
import { BucketField } from "./routing-policy.ts";
import { ArmId, ARMS_MAX, ConstraintName, Exploration, FieldName, RewardDefinition, RouterId } from "./routing.ts";
import { Base64, Choice, Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";

const Value = Type.Union([Type.Number(), Type.Null()], { description: "null: too few rows to say" });
export const EvaluationVerdict = Choice(["promote", "reject", "insufficient"]);
export type EvaluationVerdict = Static<typeof EvaluationVerdict>;

/** Zero of the reward at its least or its most value, or at what a model expects. All have the same mean and spread differently. */
export const GainForm = Choice(["from-least", "from-most", "model"]);
export type GainForm = Static<typeof GainForm>;

/** What of an interval is proven: at any number of rows; at any number of looks; nothing; less than nothing, as its centre is a model's belief. */
export const Guarantee = Choice(["finite-sample", "anytime", "none", "no-coverage"]);
export type Guarantee = Static<typeof Guarantee>;

export const EvaluationInterval = Closed({
  of: Choice(["value", "gain"], { description: "reward of an episode under the candidate; that less what was logged" }),
  estimator: Type.String({ maxLength: 32 }),
  method: Choice(["betting", "empirical-bernstein", "sequence", "normal", "percentile", "bca"]),
  level: { ...Type.Number(), description: "0.95: both sides together" },
  lower: Value,
  upper: Value,
  guarantee: Guarantee,
});
export type EvaluationInterval = Static<typeof EvaluationInterval>;

export const EvaluatedConstraint = Closed({
  name: ConstraintName,
  estimate: Value,
  lower: Type.Number(),
  upper: Type.Number(),
  max: { ...Type.Number(), description: "the operator's bound on the mean" },
  answer: Choice(["kept", "broken", "unknown"]),
  missing: { ...Count, description: "rows whose outcome did not report it; each counts as the worst it can mean" },
});
export type EvaluatedConstraint = Static<typeof EvaluatedConstraint>;

/** What tells whether the log can be believed and carries the question. */
export const EvaluationSupport = Closed({
  rows: { ...Count, description: "of the safety split; the verdict rests on these alone" },
  search_rows: Count,
  unanswered: Type.Optional({ ...Count, description: "further rows of the safety split whose outcome is open, never came or cannot be known, or where another arm ran than was drawn; each counts as the worst" }),
  left_out: { ...Count, description: "rows whose eligible arms the router no longer has" },
  refused: { ...Count, description: "rows whose own numbers contradict each other" },
  ess: Value,
  weight_bound: { ...Type.Number(), description: "largest weight that is counted; of the search split" },
  weight_max: Value,
  weight_mean: Value,
  weight_z: { ...Value, description: "how far the mean weight lies from 1, in its own standard errors" },
  above_bound: { ...Count, description: "rows that could have had a larger weight; each counts as the worst" },
  unsupported: { ...Type.Number(), description: "share of the candidate's decisions that go to arms which were never drawn there; each counts as the worst" },
  propensity_min: Value,
  arms: Type.Array(Closed({ arm: ArmId, ran: Count, expected: Type.Number(), z: Value, wanted: Type.Optional(Type.Number({ description: "share of the decisions that the candidate would have run it in, after costs and prices" })) }), { maxItems: ARMS_MAX, description: "how often each ran, and how often its propensities say that it should have" }),
  parts: Type.Array(Closed({ rows: Count, propensity: Type.Number(), weight: Type.Number(), reward: Type.Number() }), { maxItems: 10, description: "means over tenths of the log, in the order of time: drift" }),
});
export type EvaluationSupport = Static<typeof EvaluationSupport>;

export const EVALUATION_TYPE = "maestro.evaluation";

export const EvaluationReport = Closed(
  {
    type: Type.Literal(EVALUATION_TYPE),
    v: Type.Literal(1),
    router: RouterId,
    reward: RewardDefinition,
    candidate: { ...Sha256Hex, description: "digest of the candidate's canonical bytes" },
    rows_sha256: { ...Sha256Hex, description: "of the rows that were read, both splits" },
    verdict: EvaluationVerdict,
    reasons: Type.Array(ShortText, { maxItems: 64 }),
    more: Type.Union([Count, Type.Null()], { description: "episodes with an outcome that are still needed, about; null: none, or no number of them would help" }),
    tried: { ...Type.Integer({ minimum: 1 }), description: "which question this is that was put to these rows" },
  fresh_ms: Type.Optional({ ...Count, description: "decisions of the safety split up to this time may be in a report on another candidate and do not count; absent: the operator does not ask for fresh ones, or there was no such report" }),
    delta: { ...Type.Number(), description: "chance of a wrong yes, over everything ever asked" },
    share: { ...Type.Number(), description: "what of delta this question has: delta 6 / (pi^2 tried^2)" },
    gain: Closed({ form: GainForm, estimate: Value, lower: Type.Number(), upper: Type.Number(), needed: Type.Number() }),
    constraints: Type.Array(EvaluatedConstraint, { maxItems: 16 }),
    support: EvaluationSupport,
    logged: Closed({ value: Value, se: Value }),
    estimates: Type.Array(Closed({ estimator: Type.String({ maxLength: 32 }), value: Value, se: Value }), { maxItems: 16 }),
    intervals: Type.Array(EvaluationInterval, { maxItems: 32 }),
    model: Closed({ folds: Count, buckets: Type.Array(FieldName, { maxItems: 8 }) }),
  },
  { $id: "EvaluationReport", description: "a candidate judged by what was logged" },
);
export type EvaluationReport = Static<typeof EvaluationReport>;

/** A policy file; 4,096 cells of a few arms are below this. */
export const CANDIDATE_BASE64_MAX = 960 * 1024;
export const EvaluationRequest = Closed({
  router: RouterId,
  candidate: { ...Type.String({ ...Base64, maxLength: CANDIDATE_BASE64_MAX }), description: "the policy file as it is" },
});
export type EvaluationRequest = Static<typeof EvaluationRequest>;

export const EvaluationReply = Closed({
  report: EvaluationReport,
  sha256: { ...Sha256Hex, description: "of the report's canonical JSON" },
  markdown: Type.String(),
  svg: Type.String(),
});
export type EvaluationReply = Static<typeof EvaluationReply>;

export const FitRequest = Closed({
  router: RouterId,
  count_min: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "an arm seen less often in a cell is left as the baseline has it; 30" })),
  buckets: Type.Optional(Type.Array(BucketField, { maxItems: 8, description: "absent: chosen from the search split" })),
  exploration: Type.Optional(Exploration),
});
export type FitRequest = Static<typeof FitRequest>;

export const FitReply = Closed({
  policy: { ...Base64, description: "the policy file, canonical JSON and a line's end" },
  sha256: { ...Sha256Hex, description: "of the canonical JSON" },
  rows: { ...Count, description: "of the search split" },
  cells: Count,
  skipped: { ...Type.Array(FieldName), description: "fields that would have split the rows too finely" },
});
export type FitReply = Static<typeof FitReply>;
