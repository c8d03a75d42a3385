/** What a manifest asks for by hand: direct runtime dependencies, addresses, and scripts that run on install. */
export interface Manifest {
  /** Name to what was written for it. Only what users of the package get, not development tools. */
  readonly runtime: ReadonlyMap<string, string>;
  /** Addresses written instead of versions, anywhere in it. */
  readonly addresses: readonly string[];
  /** Registries it sets. */
  readonly registries: readonly string[];
  /** Scripts that run when it is installed, `name: command`, and packages allowed to run theirs. */
  readonly installs: readonly string[];
}

export type ReadManifest = Manifest | { readonly broken: string };

export const EMPTY: Manifest = { runtime: new Map(), addresses: [], registries: [], installs: [] };
