// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Finding } from "./outcome.ts";

export type CheckFinding = {
  readonly check: string;
  readonly finding: Finding;
};

export type FindingsReply = {
  readonly gate_id: string;
  readonly attempt: number;
  /** most severe first */
  readonly findings: readonly CheckFinding[];
  /** how many more there were: beyond what a check may report, or beyond what is kept */
  readonly cut: number;
};
