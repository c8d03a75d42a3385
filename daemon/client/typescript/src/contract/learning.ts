// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type LearningReply = {
  readonly routers: readonly {
    /** name of a router: one kind of decision */
    readonly id: string;
    /** name of an arm: a model, a tool, a prompt, a variant of a check */
    readonly baseline: string;
    /** digest of the learned policy that decides; null: none does */
    readonly policy: string | null;
    /** why the file that is named does not decide */
    readonly problem: string | null;
    /** which constraint is violated, so that the baseline alone answers */
    readonly fallback: string | null;
    /** since the daemon started */
    readonly answered: {
      readonly chosen: number;
      readonly explored: number;
      readonly forced: number;
    };
  }[];
  /** of everybody; null for a tenant */
  readonly episodes: {
    readonly kept: number;
    /** waiting for an outcome */
    readonly open: number;
  } | null;
};
