/** What asking a check came to. */
import type { Usage } from "../../proto/card.ts";
import type { EvaluationRun } from "../../proto/learned.ts";
import type { Outcome } from "../../proto/outcome.ts";
import type { KeptOutcome } from "../store/reuse.ts";

export interface CheckRun {
  readonly outcome: Outcome;
  readonly duration_us: number;
  /** What the check used, as far as it is known: a check that died took its own account with it. */
  readonly usage?: Usage;
  /** Parts of the facts that the answer was read from; absent where nobody noted them. */
  readonly reads?: readonly string[];
  /** What asking took when it was asked, of an answer that was used again. */
  readonly saved_us?: number;
  /** Under what this answer of a command may be used again, once it stands in the log. */
  readonly keep?: KeepAnswer;
  /** Why a command that asked for re-use was asked again, where that is not plain. */
  readonly asked_because?: string;
  /** What a log that grows said of candidates: such an answer is never used again. */
  readonly evaluations?: readonly EvaluationRun[];
}

/** The outcome as it was before anybody compared it with a base. */
export interface KeepAnswer extends Pick<KeptOutcome, "reads" | "reports" | "took_us"> {
  readonly key: string;
  readonly outcome: Outcome;
  readonly report_bytes: number;
}

/** Not knowing is an outcome of its own, with the reason. */
export function unavailable(check: string, because: string): Outcome {
  return { check, result: "unavailable", because: because.slice(0, 2000).toWellFormed(), observer: "daemon", findings: [], findings_cut: 0, gaps: [] };
}
