/** What is spent and promised: the ledger, what agents report of themselves, and what the market proves itself by. */
import { createHash } from "node:crypto";
import type { TableEvents } from "../writes.ts";
import { table } from "./reading.ts";

interface Amount {
  readonly wall_us: number;
  readonly cpu_us: number;
  readonly model_tokens: number;
  readonly usd_micro?: number;
  readonly gpu_us?: number;
}

interface Account {
  readonly window: number;
  readonly spent: Amount;
  readonly reserved: Amount;
}

interface Bill {
  readonly runs: number;
  readonly died: number;
  readonly spent: Amount;
}

interface Run {
  readonly calls_made: number | null;
  readonly calls_reported: number;
  readonly tokens: number | null;
  readonly micro_usd: number | null;
}

const amount = ({ wall_us, cpu_us, model_tokens, usd_micro = 0, gpu_us = 0 }: Amount) => ({ wall_us, cpu_us, model_tokens, usd_micro, gpu_us });
const NOTHING: Amount = { wall_us: 0, cpu_us: 0, model_tokens: 0 };
const bill = ({ runs, died, spent }: Bill) => ({ runs, died, ...amount(spent) });
/** -1 stands for what is not known, so that becoming known is growing, and being forgotten is not. */
const known = (value: number | null): number => value ?? -1;
const lineOf = (row: object): string => createHash("sha256").update(JSON.stringify(row)).digest("hex");

export const MONEY_EVENTS: Readonly<Record<string, TableEvents>> = {
  ledger_accounts: table<Account>("ledger_account", ({ window, spent, reserved }, [account]) => ({
    account, window_s: window, ...amount(spent), reserved_wall_us: reserved.wall_us, reserved_cpu_us: reserved.cpu_us, reserved_tokens: reserved.model_tokens, reserved_usd_micro: reserved.usd_micro ?? 0, reserved_gpu_us: reserved.gpu_us ?? 0,
  })),
  ledger_changes: table<Bill>("ledger_change", (row, [change]) => ({ change, ...bill(row) })),
  ledger_change_payers: table<Bill>("ledger_share", (row, [change, payer]) => ({ change, payer, ...bill(row) }), (_row, [change = ""], look) => {
    const whole = look("ledger_changes", change) as Bill | undefined;
    const { wall_us, cpu_us, model_tokens, usd_micro = 0, gpu_us = 0 } = whole?.spent ?? NOTHING;
    return { whole_runs: whole?.runs ?? 0, whole_wall_us: wall_us, whole_cpu_us: cpu_us, whole_tokens: model_tokens, whole_usd_micro: usd_micro, whole_gpu_us: gpu_us };
  }),
  ledger_reservations: table<{ readonly lines: readonly unknown[]; readonly amount: Amount }>("ledger_promise", ({ lines, amount: promised }, [promise]) => ({ promise, accounts: lines.length, ...amount(promised) })),
  "usage.runs": table<Run>("run_usage", ({ calls_made, calls_reported, tokens, micro_usd }, [payer]) => ({ payer, calls_made: known(calls_made), calls_reported, tokens: known(tokens), micro_usd: known(micro_usd) })),
  "market.prices": table<{ readonly epoch: number }>("market_prices", ({ epoch }) => ({ epoch })),
  "market.slots": table<object>("market_slot", (row, [slot = 0]) => ({ slot, line: lineOf(row) })),
  "market.windows": table<object>("market_window", (row, [slot = 0]) => ({ slot, line: lineOf(row) })),
};
