// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Verdict } from "./decision.ts";

export type BundleReply = {
  readonly gate_id: string;
  readonly attempt: number;
  /** standard base64 with padding */
  readonly bundle: string;
};

export type FeedEntry = {
  readonly place: number;
  readonly gate_id: string;
  readonly attempt: number;
  readonly repo_id: string;
  /** full git object id */
  readonly head: string;
  readonly verdict: Verdict;
};

export type FeedReply = {
  readonly next: number;
  readonly more: boolean;
  /** places there are; below what was asked for, another history came in its stead */
  readonly total: number;
  readonly entries: readonly FeedEntry[];
};
