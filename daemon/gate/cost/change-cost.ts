/** What a change cost so far: the ledger's own row and what agents reported, for its budget and for its card. */
import type { ChangeCost } from "../../../proto/usage.ts";
import type { Tenants } from "../../tenants/index.ts";
import { reportedUsage, type RunUsage } from "../../tenants/usage.ts";
import type { SpentOn } from "./allowance.ts";
import type { Payer } from "./cost.ts";

export interface ChangeCostDeps {
  readonly tenants: Pick<Tenants, "pay"> & { readonly ledger: Pick<Tenants["ledger"], "change"> };
  readonly run_usage: RunUsage;
}

export class ChangeCosts {
  constructor(private readonly deps: ChangeCostDeps) {}

  /** Work nobody is billed for stands on its change's bill all the same. */
  readonly house: Payer = (worst, work, change) => this.deps.tenants.pay({ accounts: [] }, worst, work, change);

  /** Joins the runs that its commits name; whoever submits it pays for them. */
  link(change: string, payer: string, runs: readonly string[]): void {
    this.deps.run_usage.link(change, payer, runs);
  }

  /** Of runs that are over: the one at work is not on the bill yet. */
  before(change: string): SpentOn {
    const { spent } = this.deps.tenants.ledger.change(change) ?? {};
    const micro_usd = reportedUsage(this.deps.run_usage.of(change))?.micro_usd ?? null;
    return { wall_us: spent?.wall_us ?? 0, cpu_us: spent?.cpu_us ?? 0, micro_usd: micro_usd === null ? null : BigInt(micro_usd) };
  }

  /** `null` where nothing is on the bill: gates of before it was kept. */
  of(change: string): ChangeCost | null {
    const row = this.deps.tenants.ledger.change(change);
    if (row === undefined) return null;
    const { runs, died, spent } = row;
    return { runs, died, ...spent, reported: reportedUsage(this.deps.run_usage.of(change)) };
  }
}
