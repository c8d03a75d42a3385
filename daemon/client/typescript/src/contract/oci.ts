// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type StoredBlob = {
  readonly digest: string;
  readonly size: number;
};
