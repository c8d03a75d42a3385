// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { MarketCertificate } from "./market.ts";
import type { Prices } from "./resource.ts";

export type BudgetLeft = {
  /** when all of it is there again */
  readonly refilled: string;
  readonly wall_us?: number;
  readonly cpu_us?: number;
  readonly model_tokens?: number;
  readonly usd_micro?: number;
  readonly gpu_us?: number;
};

export type ChangeCost = {
  readonly runs: number;
  /** runs that ended with their daemon and are charged in full */
  readonly died: number;
  readonly wall_us: number;
  readonly cpu_us: number;
  readonly model_tokens: number;
  /** of routed work; absent: none */
  readonly usd_micro?: number;
  /** of routed work; absent: none */
  readonly gpu_us?: number;
  /** null: nobody named a run */
  readonly reported: ReportedUsage | null;
  /** by whom: a tenant sees its own part, whoever runs the daemon all of them; what was billed before parts were kept is in none */
  readonly paid?: readonly PaidShare[];
  /** prices now; absent where no market is configured */
  readonly market?: {
    /** slot of the prices */
    readonly epoch: number;
    readonly prices: Prices;
    readonly certificate: MarketCertificate;
    /** newest closed slot, and the SHA-256 of its canonical line; null before the first is over */
    readonly slot: {
      readonly epoch: number;
      /** SHA-256, lower-case hex */
      readonly sha256: string;
    } | null;
    /** what the work so far took, at these prices: what it was worth to others, beside what was paid for it */
    readonly usd_micro: number;
  };
};

export type PaidShare = {
  /** a tenant, or a user of this machine */
  readonly payer: string;
  readonly runs: number;
  /** runs that ended with their daemon and are charged in full */
  readonly died: number;
  readonly wall_us: number;
  readonly cpu_us: number;
  readonly model_tokens: number;
  /** of routed work; absent: none */
  readonly usd_micro?: number;
  /** of routed work; absent: none */
  readonly gpu_us?: number;
  /** null: nobody named a run */
  readonly reported: ReportedUsage | null;
  /** what is neither spent nor promised of its budget now; absent where it has none */
  readonly left?: BudgetLeft;
};

export type ReportedUsage = {
  readonly runs_named: number;
  readonly runs_reported: number;
  readonly calls_made: number | null;
  readonly calls_reported: number;
  readonly tokens: number | null;
  readonly micro_usd: string | null;
};

export type UsageReply = {
  /** 8 to 64 letters, digits, dots, dashes and underscores */
  readonly run_id: string;
  readonly changed: boolean;
  /** changes that this request joined the run to */
  readonly changes: number;
};

export type UsageReport = {
  /** 8 to 64 letters, digits, dots, dashes and underscores */
  readonly run_id: string;
  /** a gate or commit that this run worked on, as maestro card takes it; absent: the trailer of its commits says it */
  readonly gate?: string;
  /** null: whoever reports does not know */
  readonly calls_made: number | null;
  /** calls that tokens and micro_usd are of */
  readonly calls_reported: number;
  readonly tokens: number | null;
  /** null: not priced; never zero for unknown */
  readonly micro_usd: number | null;
};
