// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type Prices = {
  /** dollars for a dollar spent, on top of it; below zero for a tenant whose promised share is favoured, which is forgiven that much of it */
  readonly usd_micro?: number;
  /** dollars for 1,000 tokens */
  readonly tokens?: number;
  /** dollars for a second of a GPU */
  readonly gpu_us?: number;
  /** dollars for a minute of a processor */
  readonly cpu_us?: number;
};

export type Resource = "usd_micro" | "tokens" | "gpu_us" | "cpu_us";

export type ResourceAmounts = {
  readonly usd_micro?: number;
  readonly tokens?: number;
  readonly gpu_us?: number;
  readonly cpu_us?: number;
};
