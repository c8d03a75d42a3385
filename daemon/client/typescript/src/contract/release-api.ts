// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Card } from "./card.ts";
import type { ReleaseKind, ReleaseRequest } from "./release.ts";

export type ReleaseAnswer = {
  readonly nonce: string;
  readonly signature?: string;
};

export type ReleaseAsk = {
  readonly gate: string;
  readonly kind: ReleaseKind;
  /** why, in the person's words */
  readonly reason: string;
  readonly expires_s?: number;
  /** the key that will sign; absent: the caller's user is the proof */
  readonly public_key?: string;
};

export type ReleaseOffer = {
  readonly request: ReleaseRequest;
  /** Decision Card */
  readonly card: Card;
  /** what this release will not touch */
  readonly stays: readonly {
    readonly rule: string;
    readonly because: string;
  }[];
};

export type SimulateReply = {
  readonly simulated: true;
  /** Decision Card */
  readonly card: Card;
  /** approvals that would not count, and why */
  readonly ignored: readonly string[];
};

export type SimulateRequest = {
  readonly gate: string;
  readonly approve: readonly string[];
  readonly rules: Readonly<Record<string, "off" | "note" | "hold" | "refuse" | "observe">>;
};
