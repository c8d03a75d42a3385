// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Hold, RetentionClass, Tombstone } from "./retention.ts";

export type LineageEdge = {
  readonly from: number;
  readonly to: number;
};

export type LineageNode = {
  readonly stage: LineageStage;
  /** such as commit, facts, card, bundle, log entry */
  readonly kind: string;
  readonly name: string;
  readonly digest: string | null;
  readonly at: string | null;
  readonly class: RetentionClass;
  /** tombstone: went with its time; absent: not here, and nothing says why; passing: never kept, only its digest */
  readonly state: "kept" | "tombstone" | "absent" | "passing";
};

export type LineageReply = {
  readonly name: string;
  readonly gate_id: string | null;
  readonly attempt: number | null;
  readonly hold: Hold | null;
  readonly tombstones: readonly Tombstone[];
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
};

export type LineageStage = "source" | "snapshot" | "outcome" | "evidence" | "shipment";
