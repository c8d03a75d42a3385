// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type KeylessSigned = {
  readonly gate_id: string;
  readonly attempt: number;
  /** standard base64 with padding */
  readonly bundle: string;
  readonly identity: string;
  readonly issuer: string;
};
