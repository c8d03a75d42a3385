/** What a change cost so far: the ledger's own rows and what agents reported, for its budget and for its card. */
import type { CardRow } from "../../../proto/cards.ts";
import type { ChangeCost, PaidShare } from "../../../proto/usage.ts";
import type { Bill, Tenants } from "../../tenants/index.ts";
import { reportedUsage, type RunUsage } from "../../tenants/usage.ts";
import type { SpentOn } from "./allowance.ts";
import type { Payer } from "./cost.ts";

export interface ChangeCostDeps {
  readonly tenants: Pick<Tenants, "pay" | "budgetLeft"> & { readonly ledger: Pick<Tenants["ledger"], "change" | "shares"> };
  readonly run_usage: RunUsage;
  /** Null where no market is configured. */
  readonly priced?: (took: Spent) => ChangeCost["market"] | null;
}

type Spent = Pick<ChangeCost, "cpu_us" | "model_tokens" | "usd_micro" | "gpu_us">;

/** Whoever asks for a bill: a tenant is shown its own part, `null` (whoever runs the daemon) everybody's. */
export type Reader = string | null;

export class ChangeCosts {
  constructor(private readonly deps: ChangeCostDeps) {}

  /** Work nobody is billed for stands on its change's bill all the same. */
  readonly house: Payer = (worst, work, bill) => this.deps.tenants.pay({ accounts: [] }, worst, work, bill);

  /** Joins the runs that its commits name; whoever submits it pays for them. */
  link({ change, payer }: Bill, runs: readonly string[]): void {
    this.deps.run_usage.link(change, payer, runs);
  }

  /**
   * What counts against this payer's budget, of runs that are over: the one at work is not on the bill yet. Tenants who gate the
   * same change each have a budget of their own; what was billed before shares were kept cannot be told apart and counts for each.
   */
  before({ change, payer }: Bill): SpentOn {
    const { ledger } = this.deps.tenants;
    const shares = ledger.shares(change);
    const others = shares.filter((share) => share.payer !== payer);
    const { spent } = ledger.change(change) ?? {};
    const without = (name: "wall_us" | "cpu_us"): number => Math.max(0, (spent?.[name] ?? 0) - others.reduce((sum, share) => sum + share.spent[name], 0));
    const micro_usd = reportedUsage(this.deps.run_usage.of(change, payer))?.micro_usd ?? null;
    return { wall_us: without("wall_us"), cpu_us: without("cpu_us"), micro_usd: micro_usd === null ? null : BigInt(micro_usd) };
  }

  /** Whether this payer's work on the change is on its bill. */
  pays({ change, payer }: Bill): boolean {
    return this.deps.tenants.ledger.shares(change).some((share) => share.payer === payer);
  }

  /** What agents reported for the change, whoever pays; null where nothing was. */
  reported(change: string): string | null {
    return reportedUsage(this.deps.run_usage.of(change))?.micro_usd ?? null;
  }

  /** Of a change in a list: what was reported, and with it what the daemon bought for it. */
  money(change: string): CardRow["cost"] {
    const reported_micro_usd = this.reported(change);
    const bought = this.deps.tenants.ledger.change(change)?.spent.usd_micro;
    return { reported_micro_usd, whole_micro_usd: bought === undefined ? reported_micro_usd : String(BigInt(reported_micro_usd ?? 0) + BigInt(bought)) };
  }

  /** `null` where nothing is on the bill: gates of before it was kept. */
  of(change: string, reader: Reader): ChangeCost | null {
    const row = this.deps.tenants.ledger.change(change);
    if (row === undefined) return null;
    const { runs, died, spent } = row;
    const market = this.deps.priced?.(spent) ?? null;
    return { runs, died, ...spent, reported: reportedUsage(this.deps.run_usage.of(change)), paid: this.paid(change, reader), ...(market === null ? {} : { market }) };
  }

  private paid(change: string, reader: Reader): PaidShare[] {
    const { ledger } = this.deps.tenants;
    const leftOf = (payer: string): Pick<PaidShare, "left"> => {
      const left = this.deps.tenants.budgetLeft(payer);
      return left === null ? {} : { left };
    };
    const own = ledger.shares(change).filter(({ payer }) => reader === null || payer === reader);
    return own.map(({ payer, runs, died, spent }) => ({ payer, runs, died, ...spent, reported: reportedUsage(this.deps.run_usage.of(change, payer)), ...leftOf(payer) }));
  }
}
