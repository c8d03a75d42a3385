// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type LogRotateReply = {
  readonly origin: string;
  /** SSH-style key fingerprint */
  readonly key: string;
  /** a key that waits, and the file for an operator to sign over */
  readonly next: {
    /** SSH-style key fingerprint */
    readonly key: string;
    readonly trust_file: string;
  } | null;
  /** the entry that says so */
  readonly rotated: {
    /** SSH-style key fingerprint */
    readonly from: string;
    readonly index: number;
    /** RFC 3339, UTC, whole seconds */
    readonly at: string;
  } | null;
};

export type LogRotateRequest = {
  /** prepare makes the next key and changes nothing else; activate goes on under it */
  readonly step: "prepare" | "activate" | "both";
};
