// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { BucketField } from "./routing-policy.ts";
import type { Exploration, RewardDefinition } from "./routing.ts";

export type EvaluatedConstraint = {
  readonly name: string;
  /** null: too few rows to say */
  readonly estimate: number | null;
  readonly lower: number;
  readonly upper: number;
  /** the operator's bound on the mean */
  readonly max: number;
  readonly answer: "kept" | "broken" | "unknown";
  /** rows whose outcome did not report it; each counts as the worst it can mean */
  readonly missing: number;
};

export type EvaluationInterval = {
  /** reward of an episode under the candidate; that less what was logged */
  readonly of: "value" | "gain";
  readonly estimator: string;
  readonly method: "betting" | "empirical-bernstein" | "sequence" | "normal" | "percentile" | "bca";
  /** 0.95: both sides together */
  readonly level: number;
  /** null: too few rows to say */
  readonly lower: number | null;
  /** null: too few rows to say */
  readonly upper: number | null;
  readonly guarantee: Guarantee;
};

export type EvaluationReply = {
  /** a candidate judged by what was logged */
  readonly report: EvaluationReport;
  /** of the report's canonical JSON */
  readonly sha256: string;
  readonly markdown: string;
  readonly svg: string;
};

/** a candidate judged by what was logged */
export type EvaluationReport = {
  readonly type: "maestro.evaluation";
  readonly v: 1;
  /** name of a router: one kind of decision */
  readonly router: string;
  readonly reward: RewardDefinition;
  /** digest of the candidate's canonical bytes */
  readonly candidate: string;
  /** of the rows that were read, both splits */
  readonly rows_sha256: string;
  readonly verdict: EvaluationVerdict;
  readonly reasons: readonly string[];
  /** episodes with an outcome that are still needed, about; null: none, or no number of them would help */
  readonly more: number | null;
  /** which question this is that was put to these rows */
  readonly tried: number;
  /** decisions of the safety split up to this time may be in a report on another candidate and do not count; absent: the operator does not ask for fresh ones, or there was no such report */
  readonly fresh_ms?: number;
  /** chance of a wrong yes, over everything ever asked */
  readonly delta: number;
  /** what of delta this question has: delta 6 / (pi^2 tried^2) */
  readonly share: number;
  readonly gain: {
    readonly form: GainForm;
    /** null: too few rows to say */
    readonly estimate: number | null;
    readonly lower: number;
    readonly upper: number;
    readonly needed: number;
  };
  readonly constraints: readonly EvaluatedConstraint[];
  readonly support: EvaluationSupport;
  readonly logged: {
    /** null: too few rows to say */
    readonly value: number | null;
    /** null: too few rows to say */
    readonly se: number | null;
  };
  readonly estimates: readonly {
    readonly estimator: string;
    /** null: too few rows to say */
    readonly value: number | null;
    /** null: too few rows to say */
    readonly se: number | null;
  }[];
  readonly intervals: readonly EvaluationInterval[];
  readonly model: {
    readonly folds: number;
    readonly buckets: readonly string[];
  };
};

export type EvaluationRequest = {
  /** name of a router: one kind of decision */
  readonly router: string;
  /** the policy file as it is */
  readonly candidate: string;
};

export type EvaluationSupport = {
  /** of the safety split; the verdict rests on these alone */
  readonly rows: number;
  readonly search_rows: number;
  /** further rows of the safety split whose outcome is open, never came or cannot be known, or where another arm ran than was drawn; each counts as the worst */
  readonly unanswered?: number;
  /** rows whose eligible arms the router no longer has */
  readonly left_out: number;
  /** rows whose own numbers contradict each other */
  readonly refused: number;
  /** null: too few rows to say */
  readonly ess: number | null;
  /** largest weight that is counted; of the search split */
  readonly weight_bound: number;
  /** null: too few rows to say */
  readonly weight_max: number | null;
  /** null: too few rows to say */
  readonly weight_mean: number | null;
  /** how far the mean weight lies from 1, in its own standard errors */
  readonly weight_z: number | null;
  /** rows that could have had a larger weight; each counts as the worst */
  readonly above_bound: number;
  /** share of the candidate's decisions that go to arms which were never drawn there; each counts as the worst */
  readonly unsupported: number;
  /** null: too few rows to say */
  readonly propensity_min: number | null;
  /** how often each ran, and how often its propensities say that it should have */
  readonly arms: readonly {
    /** name of an arm: a model, a tool, a prompt, a variant of a check */
    readonly arm: string;
    readonly ran: number;
    readonly expected: number;
    /** null: too few rows to say */
    readonly z: number | null;
    /** share of the decisions that the candidate would have run it in, after costs and prices */
    readonly wanted?: number;
  }[];
  /** means over tenths of the log, in the order of time: drift */
  readonly parts: readonly {
    readonly rows: number;
    readonly propensity: number;
    readonly weight: number;
    readonly reward: number;
  }[];
};

export type EvaluationVerdict = "promote" | "reject" | "insufficient";

export type FitReply = {
  /** the policy file, canonical JSON and a line's end */
  readonly policy: string;
  /** of the canonical JSON */
  readonly sha256: string;
  /** of the search split */
  readonly rows: number;
  readonly cells: number;
  /** fields that would have split the rows too finely */
  readonly skipped: readonly string[];
};

export type FitRequest = {
  /** name of a router: one kind of decision */
  readonly router: string;
  /** an arm seen less often in a cell is left as the baseline has it; 30 */
  readonly count_min?: number;
  /** absent: chosen from the search split */
  readonly buckets?: readonly BucketField[];
  readonly exploration?: Exploration;
};

export type GainForm = "from-least" | "from-most" | "model";

export type Guarantee = "finite-sample" | "anytime" | "none" | "no-coverage";
