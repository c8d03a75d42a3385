/** Which files a patch names: the form of Codex' apply_patch, and unified diffs. */
import { Misread } from "./agent.ts";

const PATCH_LINES_MAX = 200_000;
const NAMED = /^\*\*\* (?:Add|Update|Delete|Move to|Rename to|Move) ?(?:File)?: ?(.+)$/i;
const UNIFIED = /^(?:\+\+\+|---) (.+?)(?:\t.*)?$/;
const RENAMED = /^(?:rename|copy) (?:from|to) (.+)$/;
/** What changes nothing but a mode, or bytes that are no text, has no other line with its name. */
const HEADED = /^diff --git ("?a\/.+?"?) ("?b\/.+"?)$/;

/** A name that git wrote in quotes, because of what is in it (git-diff(1), "core.quotePath"). */
function unquoted(name: string): string {
  if (!/^".*"$/s.test(name)) return name;
  const bytes = [...name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)].map(([, octal, escaped, plain]) => (octal === undefined ? Buffer.from(plain ?? escaped ?? "") : Buffer.from([Number.parseInt(octal, 8) & 0xff])));
  return Buffer.concat(bytes).toString("utf8");
}

const withoutSide = (name: string): string => name.replace(/^[ab]\//, "");

function namesIn(line: string): (string | undefined)[] {
  const own = NAMED.exec(line.trim())?.[1];
  if (own !== undefined) return [own];
  const sides = HEADED.exec(line);
  const names = sides === null ? [(UNIFIED.exec(line) ?? RENAMED.exec(line))?.[1]] : sides.slice(1);
  return names.map((name) => (name === undefined ? undefined : withoutSide(unquoted(name.trim()))));
}

/** Throws `Misread` for a patch that is too long to look at. */
export function namedInPatch(patch: string): string[] {
  const lines = patch.split(/\r?\n/, PATCH_LINES_MAX + 1);
  if (lines.length > PATCH_LINES_MAX) throw new Misread(`a patch of more than ${PATCH_LINES_MAX} lines`);
  return [...new Set(lines.flatMap(namesIn).flatMap((name) => (name === undefined || name.trim() === "/dev/null" ? [] : [name.trim()])))];
}

/** Throws `Misread` for a patch that names no file: it would change something, and nobody can tell what. */
export function patchedPaths(patch: string): string[] {
  const paths = namedInPatch(patch);
  if (paths.length === 0) throw new Misread("a patch that names no file");
  return paths;
}
