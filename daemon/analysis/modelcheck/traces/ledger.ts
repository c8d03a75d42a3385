/** The run of a ledger, in one dimension of what it counts. Its state outlives its process, so a run goes on through deaths. */
import type { Action } from "./lines.ts";
import { reader, type TraceModel, type TraceRow, unread, within } from "./model.ts";
import { tla, tlaFunction, TlaSet, type Tla } from "./tla.ts";

export const LEDGER_DIMENSIONS = ["wall_us", "cpu_us", "model_tokens"] as const;
export type LedgerDimension = (typeof LEDGER_DIMENSIONS)[number];

/** Half of what TLC counts to, so that sums have room; an account without a budget has this one. */
const AMOUNT_MAX = 2 ** 30;

class Run {
  readonly budgets = new Map<string, number>();
  readonly windows = new Map<string, number>();
  readonly promised: number[] = [];
  readonly payings = new Map<string, TlaSet>();
  readonly rows: TraceRow[] = [];
  private readonly works = new Map<number, number>();
  private now = 0;

  constructor(private readonly dimension: LedgerDimension) {}

  private amount(action: Action, name: string): number {
    const amount = reader(within(action, action.seen[name])).number(this.dimension);
    if (amount > AMOUNT_MAX) throw unread(action, `${amount} is more than TLC counts to`);
    return amount;
  }

  private accounts(action: Action): TlaSet {
    const keys = reader(action).list("accounts").map((value) => {
      const account = within(action, value);
      const read = reader(account);
      const [key, window_s] = [read.text("key"), account.seen["window_s"] === null ? 0 : read.number("window_s")];
      const budget = within(account, account.seen["budget"]);
      const limit = Math.min(AMOUNT_MAX, budget.seen[this.dimension] === undefined ? AMOUNT_MAX : reader(budget).number(this.dimension));
      if ((this.budgets.get(key) ?? limit) !== limit || (this.windows.get(key) ?? window_s) !== window_s) throw unread(action, `the budget of ${key} was changed`);
      this.budgets.set(key, limit);
      this.windows.set(key, window_s);
      return key;
    });
    const payers = new TlaSet([...new Set(keys)].sort());
    this.payings.set(tla(payers), payers);
    return payers;
  }

  private work(action: Action): number {
    const work = this.works.get(reader(action).number("id"));
    if (work === undefined) throw unread(action, "nothing was reserved under that number");
    return work;
  }

  /** What the accounts are seen to be; one that nobody asked of was never touched. */
  private seen(action: Action): Tla[] {
    return reader(action).list("rows").flatMap((value) => {
      const one = within(action, value);
      if (one.seen["row"] === null) return [];
      const row = within(one, one.seen["row"]);
      return [{ key: reader(one).text("key"), window: reader(row).number("window"), spent: this.amount(row, "spent"), reserved: this.amount(row, "reserved") }];
    });
  }

  private put(action: Action, what: string, row: { readonly [name: string]: Tla }, rows: readonly Tla[] = []): void {
    this.rows.push({ line: action.line, row: { action: what, ...row, rows } });
  }

  private newWork(action: Action): number {
    this.promised.push(this.amount(action, "amount"));
    return this.promised.length;
  }

  add(action: Action): void {
    const read = reader(action);
    const now = read.number("now_s");
    if (now > this.now) this.put(action, "Tick", { now });
    this.now = Math.max(now, this.now);
    switch (action.action) {
      case "Open": {
        const stale = read.list("stale").map((id) => this.work(within(action, { id })));
        if (this.rows.length > 1 || stale.length > 0) this.put(action, "Die", { stale: new TlaSet(stale) }, this.seen(action));
        return this.works.clear();
      }
      case "Reserve": {
        const work = this.newWork(action);
        this.works.set(read.number("id"), work);
        return this.put(action, "Reserve", { work, payers: this.accounts(action) }, this.seen(action));
      }
      case "Refuse":
        return this.put(action, "Refuse", { work: this.newWork(action), payers: this.accounts(action), here: read.text("dimension") === this.dimension }, this.seen(action));
      case "Settle": {
        const work = this.work(action);
        this.works.delete(read.number("id"));
        this.put(action, "Work", { work, used: this.amount(action, "used") });
        return this.put(action, "Settle", { work }, this.seen(action));
      }
      case "SettleAgain":
        return this.put(action, "SettleAgain", {});
      default:
        throw unread(action, `the ledger has no action ${action.action}`);
    }
  }
}

export function ledgerModels(actions: readonly Action[], dimension: LedgerDimension): TraceModel[] {
  if (actions.length === 0) return [];
  const run = new Run(dimension);
  for (const action of actions) run.add(action);
  const { budgets, windows, promised, payings, rows } = run;
  return [{
    machine: "Ledger",
    name: `Ledger ${dimension}`,
    constants: { Accounts: tla(new TlaSet([...budgets.keys()])), Payings: `{${[...payings.keys()].join(", ")}}`, Budget: "0", Works: `1..${promised.length}`, Worst: "0", Windows: String(2 ** 31 - 1), Deaths: String(actions.length) },
    replaced: { BudgetOf: "TraceBudgetOf", PromisedFor: "TracePromisedFor", WindowNow: "TraceWindowNow" },
    definitions: { R_Budgets: tlaFunction(budgets), R_WindowS: tlaFunction(windows), R_Promised: tla(promised) },
    rows,
  }];
}
