const SPECIAL = /[*?[\]{}!\\]/;

/** As people write paths elsewhere: `/src/` of CODEOWNERS and `./src` of a shell are `src` here, and the root by any name is everything. */
export function plainGlob(pattern: string): string {
  const plain = pattern.replace(/^(?:\.?\/+)+/, "").replace(/\/+$/, "");
  return plain === "" || plain === "." ? "**" : plain;
}

/** A name without anything special is that file, or everything below that folder: otherwise `src` would quietly never match. */
export function pathMatcher(written: string): (path: string) => boolean {
  const pattern = plainGlob(written);
  if (!SPECIAL.test(pattern)) return (path) => path === pattern || path.startsWith(`${pattern}/`);
  const glob = new Bun.Glob(pattern);
  return (path) => glob.match(path);
}

/** Whether one of the globs names the path. */
export function matchesPath(globs: readonly string[], path: string): boolean {
  return globs.some((glob) => pathMatcher(glob)(path));
}
