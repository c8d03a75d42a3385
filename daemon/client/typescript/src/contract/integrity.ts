// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { FailureEvent } from "./api.ts";
import type { Area, Damage } from "./damage.ts";

export type BackupReply = {
  readonly name: string;
  readonly folder: string;
  /** SHA-256, lower-case hex */
  readonly manifest_sha256: string;
  readonly files: number;
  readonly bytes: number;
};

export type BackupRequest = {
  /** also the private keys: whoever has the backup can then sign as this node */
  readonly with_keys: boolean;
};

export type Examined = {
  readonly area: Area;
  readonly items: number;
  readonly bytes: number;
};

export type FsckEvent = FsckProgress | FsckResult | FailureEvent;

export type FsckProgress = {
  readonly event: "progress";
  readonly area: Area;
  readonly items: number;
  readonly bytes: number;
};

export type FsckReport = {
  readonly examined: readonly Examined[];
  readonly damage: readonly Damage[];
  readonly damage_total: number;
  readonly duration_ms: number;
};

export type FsckResult = {
  readonly event: "report";
  readonly report: FsckReport;
};

export type GcReply = {
  readonly applied: boolean;
  readonly blobs: {
    readonly count: number;
    readonly bytes: number;
  };
  readonly packs: {
    readonly count: number;
    readonly bytes: number;
  };
  readonly leftovers: {
    readonly count: number;
    readonly bytes: number;
  };
  readonly kept_young: number;
};

export type GcRequest = {
  /** false: only say what would go */
  readonly apply: boolean;
};

export type ReleaseReply = {
  readonly released: boolean;
};
