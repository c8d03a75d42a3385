// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { FailureEvent } from "./api.ts";
import type { BuildRow } from "./build.ts";

export type BuildEnd = {
  readonly event: "end";
  readonly build_id: string;
};

export type BuildEvent = BuildProgress | Built | BuildFailed | FailureEvent;

export type BuildFailed = {
  readonly event: "failed";
  readonly because: string;
  readonly log: string;
};

export type BuildFilesEvent = BuildRecord | BuildPiece | BuildEnd | FailureEvent;

export type BuildPiece = {
  readonly event: "piece";
  readonly file: number;
  /** standard base64 with padding */
  readonly bytes: string;
};

export type BuildProgress = {
  readonly event: "progress";
  readonly stage: "queued" | "plan" | "tree" | "tools" | "run" | "repeat" | "evidence";
  readonly duration_us: number;
};

export type BuildRecord = {
  readonly event: "record";
  readonly row: BuildRow;
  /** standard base64 with padding */
  readonly bundle: string;
};

export type BuildRequest = {
  readonly intake_id: string;
  readonly target_ref: string;
  /** full git object id */
  readonly target: string;
  /** full git object id */
  readonly commit: string;
  /** at most 24 lower-case letters, digits and dashes */
  readonly name: string;
  /** run it twice and say which outputs differ */
  readonly repeat?: boolean;
};

export type Built = {
  readonly event: "built";
  readonly row: BuildRow;
  /** standard base64 with padding */
  readonly bundle: string;
  /** the last lines it printed */
  readonly log: string;
  /** outputs that a second run made otherwise; null where there was none */
  readonly differing: readonly string[] | null;
  /** what of the tree the build did not see */
  readonly gaps: readonly string[];
};
