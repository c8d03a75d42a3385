/** What a change costs: the most it may take, reserved before the work, and what it took, settled after. */
import type { GateLimits } from "../../proto/config.ts";
import type { Amount, Spent } from "../tenants/index.ts";

/** Runs `work` at somebody's expense; `spent` is told what its processes used. Rejects with `tenant.budget` before any work. */
export type Payer = <T>(worst: Amount, work: (spent: Spent) => Promise<T>) => Promise<T>;

/** Check processes of one change at once; see `Judge`. */
const LANES_MAX = 2;

/** Every stage ends at the deadline, so no change takes longer. */
export function worstCase({ gate_deadline_ms }: Pick<GateLimits, "gate_deadline_ms">): Amount {
  const wall_us = gate_deadline_ms * 1000;
  return { wall_us, cpu_us: LANES_MAX * wall_us, model_tokens: 0 };
}

/** For work nobody is billed for. */
export const onTheHouse: Payer = (_worst, work) => work(() => undefined);
