// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { FailureEvent } from "./api.ts";
import type { SplitFilter } from "./episode.ts";

export type ExportCounts = {
  readonly exported: number;
  /** of those, from the half that candidates are judged on */
  readonly exported_safety: number;
  /** of those, nothing is learned from */
  readonly exported_unlearnable: number;
  /** of the other half */
  readonly left_out_split: number;
  readonly left_out_unlearnable: number;
};

export type ExportEnd = {
  readonly event: "end";
  readonly files: number;
  readonly counts: ExportCounts;
};

export type ExportEvent = ExportFile | ExportPiece | ExportEnd | FailureEvent;

export type ExportFile = {
  readonly event: "file";
  /** name of a router: one kind of decision */
  readonly router: string;
  /** an hour, UTC */
  readonly hour: string;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256, lower-case hex */
  readonly sha256: string;
};

export type ExportPiece = {
  readonly event: "piece";
  /** standard base64 with padding */
  readonly bytes: string;
};

export type ExportRequest = {
  /** name of a router: one kind of decision */
  readonly router: string;
  /** decided then or later, in milliseconds since 1970; absent: the oldest kept */
  readonly from_ms?: number;
  /** decided before; absent: the newest */
  readonly to_ms?: number;
  /** absent: search. Whoever looks at safety spends what a verdict on a candidate rests on */
  readonly split?: SplitFilter;
  /** also what nothing is learned from: forced, still open, censored */
  readonly unlearnable?: boolean;
};
