/** What a change costs: the most it may take, reserved before the work, and what it took, settled after. */
import type { GateLimits, Limits } from "../../../proto/config.ts";
import type { Amount, Bill, Spent } from "../../tenants/index.ts";

/** Runs `work` at somebody's expense, and on `bill`; `spent` is told what its processes used. Rejects with `tenant.budget` before any work. */
export type Payer = <T>(worst: Amount, work: (spent: Spent) => Promise<T>, bill?: Bill) => Promise<T>;

/** Check processes of one change at once; see `Judge`. */
const LANES_MAX = 2;

/** Every stage ends at the deadline, so no change takes longer. */
export function worstCase({ gate_deadline_ms }: Pick<GateLimits, "gate_deadline_ms">): Amount {
  const wall_us = gate_deadline_ms * 1000;
  return { wall_us, cpu_us: LANES_MAX * wall_us, model_tokens: 0 };
}

/**
 * A gate may also run commands: what these use beyond its check processes' share is reserved too, so that the first command has
 * all of `limits.sandbox.cpu_s`. What one leaves is for the next (`cpuLeftFor`).
 */
export function worstGate({ gate, sandbox }: Pick<Limits, "gate" | "sandbox">): Amount {
  const worst = worstCase(gate);
  return { ...worst, cpu_us: Math.max(worst.cpu_us, worst.wall_us + sandbox.cpu_s * 1e6) };
}

/** One reading of a change in one check process, before a model is asked or after. What the model takes is promised apart. */
export function worstDraft({ worker: { check_deadline_ms } }: Pick<Limits, "worker">): Amount {
  const us = check_deadline_ms * 1000;
  return { wall_us: us, cpu_us: us, model_tokens: 0 };
}

/** A question to the operator's remote, at the helper's deadlines; git may use as many processes there as a change has check processes. */
export function worstTip({ egress }: Pick<Limits, "egress">): Amount {
  return worstCase({ gate_deadline_ms: egress.tip_deadline_ms });
}

/** A fetch, and taking in what it brought. */
export function worstFetch({ egress, intake }: Pick<Limits, "egress" | "intake">): Amount {
  return worstCase({ gate_deadline_ms: egress.fetch_deadline_ms + intake.intake_deadline_ms });
}

/** Processor time a command may still use: what was reserved, without what was used and what the check process after it may take until the deadline. */
export function cpuLeftFor(limits: Pick<Limits, "gate" | "sandbox">, used_us: number, left_ms: number): number {
  return Math.max(0, worstGate(limits).cpu_us - used_us - left_ms * 1000);
}

/** For work nobody is billed for. */
export const onTheHouse: Payer = (_worst, work) => work(() => undefined);
