/** A candidate that a check asked about, held against the daemon's own log. The core carries its bytes; who judges them does so elsewhere. */
import { canonicalNumbers } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import type { EvaluationReply } from "../../proto/evaluation.ts";
import type { EvaluationAsk, EvaluationRun } from "../../proto/learned.ts";
import { reasonOf } from "../checking/failure.ts";

export interface CandidateAsk {
  readonly router: string;
  /** The policy file as it is in the change. */
  readonly candidate: Uint8Array;
  /** Whose decisions judge it; null: everybody's. */
  readonly sees: string | null;
  /** Who waits in line for a process. */
  readonly lane: string;
  readonly signal: AbortSignal;
  /** Processor time of whoever judged, in microseconds, answer or none: it is the gate's. */
  readonly used: (cpu_us: number) => void;
}

/** Handed in by whoever has the log; it spends one question of the router's share for a candidate that was not asked before. */
export type Evaluate = (ask: CandidateAsk) => Promise<Pick<EvaluationReply, "report" | "markdown" | "svg">>;

const TIMER_MS_MAX = 2 ** 31 - 1;

/** Whoever can open a pull request would spend the questions that all candidates share, and read in each report what the decisions brought. */
const FROM_A_FORK = "a change from a fork is not held against the log of decisions; gate it once a branch of the repository itself has it";

type Around = Omit<CandidateAsk, "router" | "candidate"> & { readonly left_ms: number; readonly mode: Mode };

/** Throws `request.cancelled` and `daemon.draining` only. */
export async function evaluationRun({ id, router, candidate }: EvaluationAsk, evaluate: Evaluate | undefined, { left_ms, mode, ...around }: Around): Promise<EvaluationRun> {
  const none = (because: string): EvaluationRun => ({ id, router, report: null, because: because.slice(0, 2_000).toWellFormed() });
  if (mode === "fork") return none(FROM_A_FORK);
  if (evaluate === undefined) return none("no log of decisions is at hand here");
  if (left_ms <= 0) return none("the gate's deadline passed before it was judged");
  const timer = AbortSignal.timeout(Math.min(left_ms, TIMER_MS_MAX));
  try {
    const { report, markdown, svg } = await evaluate({ ...around, signal: AbortSignal.any([around.signal, timer]), router, candidate: fromBase64(candidate) ?? new Uint8Array(0) });
    return { id, router, report: canonicalNumbers(report), markdown, svg, because: null };
  } catch (error) {
    // Stopped by the clock is no answer; stopped by whoever asked ends the gate.
    if (timer.aborted && !around.signal.aborted) return none("the gate's deadline passed while it was judged");
    return none(reasonOf(error));
  }
}
