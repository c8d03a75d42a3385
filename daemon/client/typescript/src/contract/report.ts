// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type HandedReport = {
  /** at most 32 lower-case letters, digits and dashes */
  readonly name: string;
  /** standard base64 with padding */
  readonly bytes: string;
};
