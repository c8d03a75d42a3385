// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type GateSbomReply = {
  readonly gate_id: string;
  readonly attempt: number;
  /** standard base64 with padding */
  readonly document: string;
};

export type SbomReply = {
  /** null where the tree has no lock file that is read */
  readonly document: string | null;
  readonly sha256: string | null;
  readonly packages: number;
  /** what of the lock files is not in it; it says so itself, too */
  readonly gaps: readonly string[];
};

export type SbomRequest = {
  readonly intake_id: string;
  /** full git object id */
  readonly commit: string;
};
