/** Work at somebody's expense: its worst case is reserved before it begins, what it used is settled after. */
import { MaestroError } from "../../proto/errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Amount, Bill } from "./ledger/core.ts";
import type { Ledger } from "./ledger/index.ts";
import type { Principal } from "./principal.ts";

/** Called with what a process used, once it has ended. */
export type Spent = (used: { readonly cpu_us: number }) => void;

export interface MeterDeps {
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, "monotonic_ms">;
  readonly warn: (what: string, error: unknown) => void;
  /** Hears of processor time, in the transaction that bills it; absent where nothing has a price. */
  readonly taken?: Taken | undefined;
}

/** Whose; `null`: nobody's in particular. */
export type Taken = (tenant: string | null, cpu_us: number) => void;

/** Who pays, and whose share of what is scarce it is. */
export type Payer = Pick<Principal, "accounts"> & Partial<Pick<Principal, "tenant">>;

/** Work on the change of `bill` is on its bill too, whether or not anybody pays. Rejects with `tenant.budget` before any work, and with whatever the work rejects with: that has been paid for too. */
export async function pay<T>({ ledger, clock, warn, taken }: MeterDeps, { accounts, tenant = null }: Payer, worst: Amount, work: (spent: Spent) => Promise<T>, bill?: Bill): Promise<T> {
  let cpu_us = 0;
  const spent: Spent = (used) => void (cpu_us += used.cpu_us);
  if (accounts.length === 0 && bill === undefined) return work(spent);
  const id = ledger.reserve(accounts, worst, bill);
  const started_ms = clock.monotonic_ms();
  try {
    return await work(spent);
  } finally {
    const used: Amount = { wall_us: Math.max(0, Math.round((clock.monotonic_ms() - started_ms) * 1000)), cpu_us: Math.round(cpu_us), model_tokens: 0 };
    if (used.wall_us > worst.wall_us || used.cpu_us > worst.cpu_us) warn("more was used than was reserved for it; all of it is billed", { used, reserved: worst });
    try {
      ledger.settle(id, used, () => taken?.(tenant, used.cpu_us));
    } catch (error) {
      // The verdict stands whether or not the bill could be written; until the next start the worst case counts as promised, and from then on as spent.
      if (!(error instanceof MaestroError)) throw error;
      warn("what a gate used could not be written down, so its reservation stands and the next start charges it in full", error);
    }
  }
}
