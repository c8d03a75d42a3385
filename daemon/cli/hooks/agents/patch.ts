/** Which files a patch names: the form of Codex' apply_patch, and unified diffs. */
import { Misread } from "./agent.ts";

const PATCH_LINES_MAX = 200_000;
const NAMED = /^\*\*\* (?:Add|Update|Delete|Move to|Rename to|Move) ?(?:File)?: ?(.+)$/i;
const UNIFIED = /^(?:\+\+\+|---) (?:[ab]\/)?(.+?)(?:\t.*)?$/;
const RENAMED = /^(?:rename|copy) (?:from|to) (.+)$/;

/** Throws `Misread` for a patch that names no file: it would change something, and nobody can tell what. */
export function patchedPaths(patch: string): string[] {
  const lines = patch.split("\n", PATCH_LINES_MAX + 1);
  if (lines.length > PATCH_LINES_MAX) throw new Misread(`a patch of more than ${PATCH_LINES_MAX} lines`);
  const paths = new Set<string>();
  for (const line of lines) {
    const path = (NAMED.exec(line) ?? UNIFIED.exec(line) ?? RENAMED.exec(line))?.[1]?.trim();
    if (path !== undefined && path !== "/dev/null") paths.add(path);
  }
  if (paths.size === 0) throw new Misread("a patch that names no file");
  return [...paths];
}
