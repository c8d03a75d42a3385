// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type BreakerAction = "build" | "keyless" | "override" | "release" | "rotate" | "ship";

export type BreakerResetAsk = {
  readonly request: BreakerResetRequest;
  readonly public_key?: string;
  /** armoured SSHSIG over the request's canonical bytes */
  readonly signature?: string;
};

export type BreakerResetReply = {
  /** name of a person: lower-case letters, digits, dots, dashes */
  readonly person: string;
  readonly log_index: number;
};

export type BreakerResetRequest = {
  readonly type: "maestro.breaker-reset";
  readonly v: 1;
  readonly trust_domain: string;
  readonly action: BreakerAction;
  readonly party: string;
  readonly trips: number;
  /** RFC 3339, UTC, whole seconds */
  readonly opened: string;
  /** why, in the person's words */
  readonly reason: string;
};

export type BreakerView = {
  readonly action: BreakerAction;
  readonly party: string;
  readonly state: "closed" | "open" | "half-open";
  /** within the window, while it is closed */
  readonly failures: number;
  /** how often it has opened; names the opening that a reset is for */
  readonly trips: number;
  /** what opened it */
  readonly reason: string | null;
  readonly opened: string | null;
  readonly half_opens: string | null;
};

export type BreakersReply = {
  readonly trust_domain: string;
  /** those that are not plainly closed */
  readonly breakers: readonly BreakerView[];
};
