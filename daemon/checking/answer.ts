/** What asking a check came to. */
import type { Usage } from "../../proto/card.ts";
import type { Outcome } from "../../proto/outcome.ts";

export interface CheckRun {
  readonly outcome: Outcome;
  readonly duration_us: number;
  /** What the check used, as far as it is known: a check that died took its own account with it. */
  readonly usage?: Usage;
  /** Parts of the facts that the answer was read from; absent where nobody noted them. */
  readonly reads?: readonly string[];
}

/** Not knowing is an outcome of its own, with the reason. */
export function unavailable(check: string, because: string): Outcome {
  return { check, result: "unavailable", because: because.slice(0, 2000).toWellFormed(), observer: "daemon", findings: [], findings_cut: 0, gaps: [] };
}
