// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type EffectiveRequest = {
  /** relative to the repository's root */
  readonly path: string;
  /** every maestro.yaml above the path */
  readonly files: readonly {
    /** where the file stands, without a slash at its end; empty for the root */
    readonly folder: string;
    readonly text: string;
  }[];
};
