// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type EvidenceBundleReply = {
  readonly gate_id: string;
  readonly attempt: number;
  /** standard base64 with padding */
  readonly content: string;
  /** tip of the target that it was judged against; absent where it is no longer kept */
  readonly target?: string;
};

export type LeftOut = {
  readonly what: string;
  readonly because: string;
};
