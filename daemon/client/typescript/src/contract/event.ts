// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Severity } from "./invariant.ts";

export type EventBatch = {
  /** who reports, such as one run of one agent; numbers its events */
  readonly source: string;
  readonly events: readonly ReportedEvent[];
};

export type EventsReply = {
  readonly accepted: number;
  /** had come before, by their numbers */
  readonly known: number;
  /** came after their time was decided: of their keys nothing can be told */
  readonly late: number;
  /** that no invariant is about */
  readonly unheard: number;
  /** numbers that were left out before these */
  readonly missing: number;
  /** what became known while this was taken in; the rest with GET /v1/monitors */
  readonly findings: readonly MonitorFinding[];
};

export type MonitorFinding = {
  /** such as INV.BUDGET.CAP */
  readonly invariant: string;
  readonly severity: Severity;
  readonly scope: string;
  readonly formula: string;
  /** values of `per`; null where several instances are meant, or it could not be made out */
  readonly key: readonly string[] | null;
  readonly verdict: "violated" | "inconclusive";
  readonly because: "false" | "missing" | "error" | "keys" | "late" | "full" | "clock" | "lost" | "restart";
  /** RFC 3339, UTC, whole seconds */
  readonly at: string;
  readonly message: string;
};

export type MonitorView = {
  /** whose events: a tenant, a user by its uid, or daemon:own */
  readonly space: string;
  /** such as INV.BUDGET.CAP */
  readonly invariant: string;
  readonly severity: Severity;
  readonly formulas: readonly string[];
  /** the newest finding's, else whether anything is open */
  readonly verdict: "kept" | "pending" | "violated" | "inconclusive";
  /** instances held in memory */
  readonly keys: number;
  /** of them with something still to come */
  readonly pending: number;
  /** since the daemon started */
  readonly violated: number;
  readonly inconclusive: number;
  readonly newest: MonitorFinding | null;
};

export type MonitorsReply = {
  readonly monitors: readonly MonitorView[];
};

export type ReportedEvent = {
  /** higher than that of every event the source reported before: what came already is left out */
  readonly seq: number;
  /** RFC 3339, or milliseconds since 1970; absent: when it arrives */
  readonly at?: string | number;
  readonly event: string;
  readonly with: Readonly<Record<string, unknown>>;
};
