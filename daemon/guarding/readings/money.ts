/** What is spent and promised: the ledger, and what agents report of themselves. */
import type { TableEvents } from "../writes.ts";
import { table } from "./reading.ts";

interface Amount {
  readonly wall_us: number;
  readonly cpu_us: number;
  readonly model_tokens: number;
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

const amount = ({ wall_us, cpu_us, model_tokens }: Amount) => ({ wall_us, cpu_us, model_tokens });
const NOTHING: Amount = { wall_us: 0, cpu_us: 0, model_tokens: 0 };
const bill = ({ runs, died, spent }: Bill) => ({ runs, died, ...amount(spent) });
/** -1 stands for what is not known, so that becoming known is growing, and being forgotten is not. */
const known = (value: number | null): number => value ?? -1;

export const MONEY_EVENTS: Readonly<Record<string, TableEvents>> = {
  ledger_accounts: table<Account>("ledger_account", ({ window, spent, reserved }, [account]) => ({
    account, window_s: window, ...amount(spent), reserved_wall_us: reserved.wall_us, reserved_cpu_us: reserved.cpu_us, reserved_tokens: reserved.model_tokens,
  })),
  ledger_changes: table<Bill>("ledger_change", (row, [change]) => ({ change, ...bill(row) })),
  ledger_change_payers: table<Bill>("ledger_share", (row, [change, payer]) => ({ change, payer, ...bill(row) }), (_row, [change = ""], look) => {
    const whole = look("ledger_changes", change) as Bill | undefined;
    const { wall_us, cpu_us, model_tokens } = whole?.spent ?? NOTHING;
    return { whole_runs: whole?.runs ?? 0, whole_wall_us: wall_us, whole_cpu_us: cpu_us, whole_tokens: model_tokens };
  }),
  ledger_reservations: table<{ readonly lines: readonly unknown[]; readonly amount: Amount }>("ledger_promise", ({ lines, amount: promised }, [promise]) => ({ promise, accounts: lines.length, ...amount(promised) })),
  "usage.runs": table<Run>("run_usage", ({ calls_made, calls_reported, tokens, micro_usd }, [payer]) => ({ payer, calls_made: known(calls_made), calls_reported, tokens: known(tokens), micro_usd: known(micro_usd) })),
};
