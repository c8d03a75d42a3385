/** The arithmetic of one account: what is spent, what is promised, and whether more may be. Pure. */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Spending } from "../../../proto/tenant.ts";

/** Work in what it is counted in; money and a GPU's time are absent where there is none, as in all work of gates. */
export const Amount = Closed({ wall_us: Count, cpu_us: Count, model_tokens: Count, usd_micro: Type.Optional(Count), gpu_us: Type.Optional(Count) });
export type Amount = Static<typeof Amount>;

export const NOTHING: Amount = { wall_us: 0, cpu_us: 0, model_tokens: 0 };
export const DIMENSIONS = ["wall_us", "cpu_us", "model_tokens", "usd_micro", "gpu_us"] as const;

/**
 * What is on disk of an account. `window` is the second its window began, 0 for an account without; `window_s` its length
 * when something was last promised, which the operator may change at any start. `held` promises are for work done elsewhere.
 */
export const AccountRow = Closed({ window: Count, window_s: Type.Optional(Count), spent: Amount, reserved: Amount, held: Type.Optional(Count), touched_s: Type.Integer() });
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
const sum = (a = 0, b = 0): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);
const difference = (a = 0, b = 0): number => a - b;

/** Each dimension by itself; one that comes to nothing and may be absent is. */
function each(a: Amount, b: Amount, of: (a?: number, b?: number) => number): Amount {
  const [usd_micro, gpu_us] = [of(a.usd_micro, b.usd_micro), of(a.gpu_us, b.gpu_us)];
  return {
    wall_us: of(a.wall_us, b.wall_us),
    cpu_us: of(a.cpu_us, b.cpu_us),
    model_tokens: of(a.model_tokens, b.model_tokens),
    ...(usd_micro === 0 ? {} : { usd_micro }),
    ...(gpu_us === 0 ? {} : { gpu_us }),
  };
}

const add = (a: Amount, b: Amount): Amount => each(a, b, sum);
const subtract = (a: Amount, b: Amount): Amount => each(a, b, difference);

/** Whether anything of it is more than nothing. */
export const owes = (amount: Amount): boolean => DIMENSIONS.some((dimension) => (amount[dimension] ?? 0) > 0);

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
    const [before = 0, wanted = 0] = [taken[dimension], amount[dimension]];
    if (limit !== undefined && before + wanted > limit) return { dimension, wanted, left: Math.max(0, limit - before) };
  }
  return null;
}

/** What is neither spent nor promised, of what the budget limits. */
export function remaining({ spent, reserved }: AccountRow, budget: Spending): Partial<Record<keyof Amount, number>> {
  const left = (dimension: keyof Amount, limit: number): number => Math.max(0, limit - sum(spent[dimension], reserved[dimension]));
  return Object.fromEntries(DIMENSIONS.flatMap((dimension) => (budget[dimension] === undefined ? [] : [[dimension, left(dimension, budget[dimension])]])));
}

export const reserved = (row: AccountRow, amount: Amount, now_s: number): AccountRow => ({ ...row, reserved: add(row.reserved, amount), touched_s: now_s });

/** One promise more or less that others work on, or none. */
export function counted({ held = 0, ...row }: AccountRow, by: 1 | 0 | -1): AccountRow {
  return held + by > 0 ? { ...row, held: held + by } : row;
}

/** What was promised is given back, and what was used is spent, even where that is more. */
export const settled = (row: AccountRow, promised: Amount, used: Amount, now_s: number): AccountRow => ({ ...row, reserved: subtract(row.reserved, promised), spent: add(row.spent, used), touched_s: now_s });
