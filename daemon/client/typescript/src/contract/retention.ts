// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type ForgetReply = {
  readonly gate_id: string;
  readonly attempts: number;
};

export type ForgetRequest = {
  /** what goes is gone: only its tombstone and its log entry stay */
  readonly confirm: true;
};

export type Hold = {
  readonly at_s: number;
  readonly reason: string;
};

export type HoldReply = {
  readonly gate_id: string;
  readonly held: boolean;
};

export type HoldRequest = {
  readonly hold: boolean;
  /** why; kept with the hold */
  readonly reason: string;
};

export type RetentionClass = "node" | "log" | "accounting" | "evidence" | "personal" | "source" | "cache" | "export" | "quarantine" | "episodes";

export type RetentionReply = {
  readonly classes: readonly {
    readonly class: RetentionClass;
    readonly holds: string;
    /** null: never removed; 0: kept for ever by choice */
    readonly days: number | null;
    readonly setting: string | null;
  }[];
  readonly tombstones: number;
  readonly holds: number;
  readonly overdue: number;
  readonly last_sweep: string | null;
};

export type Tombstone = {
  readonly name: string;
  readonly class: RetentionClass;
  /** its time was over, or an operator asked for it */
  readonly why: Why;
  readonly at_s: number;
  readonly made_s: number;
  readonly digests: readonly {
    readonly kind: string;
    /** SHA-256, lower-case hex */
    readonly sha256: string;
  }[];
  readonly gate_id?: string;
  readonly attempt?: number;
  readonly log_index?: number;
  /** full git object id */
  readonly head?: string;
  readonly owner_uid?: number;
  /** name of a tenant: lower-case letters, digits and dashes */
  readonly owner_tenant?: string;
};

/** its time was over, or an operator asked for it */
export type Why = "expired" | "asked";
