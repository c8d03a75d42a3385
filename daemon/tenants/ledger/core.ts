/** The arithmetic of one account: what is spent, what is promised, and whether more may be. Pure. */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Spending } from "../../../proto/tenant.ts";

/** Work in the three things it is counted in; one of them may be zero. */
export const Amount = Closed({ wall_us: Count, cpu_us: Count, model_tokens: Count });
export type Amount = Static<typeof Amount>;

export const NOTHING: Amount = { wall_us: 0, cpu_us: 0, model_tokens: 0 };
const DIMENSIONS = ["wall_us", "cpu_us", "model_tokens"] as const;

/** What is on disk of an account. `window` is the second its window began, whatever its length, which the operator may change; 0 for an account without. */
export const AccountRow = Closed({ window: Count, spent: Amount, reserved: Amount, touched_s: Type.Integer() });
export type AccountRow = Static<typeof AccountRow>;

/** What all work on one change took; `died` of its `runs` ended with their daemon and are charged in full. */
export const ChangeRow = Closed({ runs: Count, died: Count, spent: Amount, touched_s: Count });
export type ChangeRow = Static<typeof ChangeRow>;

/** Whose work on which change; `payer` is a tenant, or a user of this machine where there is none. */
export interface Bill {
  readonly change: string;
  readonly payer: string;
}

export const emptyChange = (now_s: number): ChangeRow => ({ runs: 0, died: 0, spent: NOTHING, touched_s: now_s });

export const billed = (row: ChangeRow, used: Amount, died: boolean, now_s: number): ChangeRow => ({ runs: row.runs + 1, died: row.died + (died ? 1 : 0), spent: add(row.spent, used), touched_s: now_s });

export const emptyAccount = (now_s: number): AccountRow => ({ window: 0, spent: NOTHING, reserved: NOTHING, touched_s: now_s });

/** Sums stay exact below 2^53; a year of a thousand processors is 3e16, so one that large is a bug elsewhere and stops here. */
const add = (a: Amount, b: Amount): Amount => ({
  wall_us: Math.min(a.wall_us + b.wall_us, Number.MAX_SAFE_INTEGER),
  cpu_us: Math.min(a.cpu_us + b.cpu_us, Number.MAX_SAFE_INTEGER),
  model_tokens: Math.min(a.model_tokens + b.model_tokens, Number.MAX_SAFE_INTEGER),
});

const subtract = (a: Amount, b: Amount): Amount => ({ wall_us: a.wall_us - b.wall_us, cpu_us: a.cpu_us - b.cpu_us, model_tokens: a.model_tokens - b.model_tokens });

/** The account as it stands at `now_s`: a new window begins with nothing spent, and with what is still promised. A clock set back opens no old window again. */
export function rolled(row: AccountRow, window_s: number | null, now_s: number): AccountRow {
  if (window_s === null) return row;
  const window = Math.floor(now_s / window_s) * window_s;
  return window > row.window ? { ...row, window, spent: NOTHING } : row;
}

export interface Shortfall {
  readonly dimension: keyof Amount;
  readonly wanted: number;
  readonly left: number;
}

/** What of the budget does not cover `amount` on top of everything spent and promised, or `null`. */
export function shortfall({ spent, reserved }: AccountRow, budget: Spending, amount: Amount): Shortfall | null {
  const taken = add(spent, reserved);
  for (const dimension of DIMENSIONS) {
    const limit = budget[dimension];
    if (limit !== undefined && taken[dimension] + amount[dimension] > limit) return { dimension, wanted: amount[dimension], left: Math.max(0, limit - taken[dimension]) };
  }
  return null;
}

export const reserved = (row: AccountRow, amount: Amount, now_s: number): AccountRow => ({ ...row, reserved: add(row.reserved, amount), touched_s: now_s });

/** What was promised is given back, and what was used is spent, even where that is more. */
export const settled = (row: AccountRow, promised: Amount, used: Amount, now_s: number): AccountRow => ({ ...row, reserved: subtract(row.reserved, promised), spent: add(row.spent, used), touched_s: now_s });
