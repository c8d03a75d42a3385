// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type FailedTest = {
  readonly id: string;
  readonly name: string;
  /** absent: not known to be flaky */
  readonly flaky?: FlakyRate;
  /** absent: the command was run once */
  readonly retried?: "passed" | "failed" | "not_run";
  /** yours: the base passes it, or the change touches it; base: it fails there the same way; flaky: known to be, and it passed when run again; undecided: it cannot be told, and it counts as a failure */
  readonly class?: TestClass;
  readonly because?: string;
};

export type FailedTests = {
  readonly failed: number;
  readonly yours: number;
  readonly base: number;
  readonly flaky: number;
  readonly quarantined: number;
  readonly undecided: number;
};

export type FlakyRate = {
  readonly runs: number;
  readonly flakes: number;
  readonly low_permille: number;
  readonly high_permille: number;
};

/** yours: the base passes it, or the change touches it; base: it fails there the same way; flaky: known to be, and it passed when run again; undecided: it cannot be told, and it counts as a failure */
export type TestClass = "yours" | "base" | "flaky" | "quarantined" | "undecided";
