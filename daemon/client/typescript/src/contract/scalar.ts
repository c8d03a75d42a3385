// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type ObjectFormat = "sha1" | "sha256";

export type PathBytes = {
  readonly u: string;
} | {
  /** standard base64 with padding */
  readonly b64: string;
};
