import manifest from "../package.json" with { type: "json" };

/** The one version of everything in this repository. */
export const VERSION: string = manifest.version;
