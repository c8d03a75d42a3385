// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type Spending = {
  /** time at work, in microseconds */
  readonly wall_us?: number;
  /** processor time of its check processes, in microseconds */
  readonly cpu_us?: number;
  /** tokens of models */
  readonly model_tokens?: number;
  /** money spent on routed work, in millionths of a dollar */
  readonly usd_micro?: number;
  /** time of a GPU, in microseconds */
  readonly gpu_us?: number;
};
