const SPECIAL = /[*?[\]{}!\\]/;

/** A name without anything special is that file, or everything below that folder: otherwise `src` would quietly never match. */
export function pathMatcher(pattern: string): (path: string) => boolean {
  if (!SPECIAL.test(pattern)) return (path) => path === pattern || path.startsWith(`${pattern}/`);
  const glob = new Bun.Glob(pattern);
  return (path) => glob.match(path);
}

/** Whether one of the globs names the path. */
export function matchesPath(globs: readonly string[], path: string): boolean {
  return globs.some((glob) => pathMatcher(glob)(path));
}
