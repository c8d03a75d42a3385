// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type ChangeCost = {
  readonly runs: number;
  /** runs that ended with their daemon and are charged in full */
  readonly died: number;
  readonly wall_us: number;
  readonly cpu_us: number;
  readonly model_tokens: number;
  /** null: nobody named a run */
  readonly reported: ReportedUsage | null;
  /** by whom: a tenant sees its own part, whoever runs the daemon all of them; what was billed before parts were kept is in none */
  readonly paid?: readonly PaidShare[];
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
  /** null: nobody named a run */
  readonly reported: ReportedUsage | null;
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
