// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type BucketField = {
  readonly field: string;
  readonly edges: readonly number[];
} | {
  readonly field: string;
  readonly values: readonly string[];
};
