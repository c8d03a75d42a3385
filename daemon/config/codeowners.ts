/**
 * CODEOWNERS as code hosts read it: the last line that matches a path names its owners. Rules of GitHub ("About code
 * owners") and, where a file has `[section]` headers, of GitLab ("Code Owners file": each section by itself). Pure, and
 * linear in pattern and path: both are written by whoever wrote the repository.
 */
import { MaestroError } from "../../proto/errors.ts";
import { fromUtf8 } from "../../proto/encoding.ts";

/** In the order in which a repository is searched; the first one there is counts. */
export const CODEOWNERS_PLACES = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"] as const;
/** GitHub reads no larger file either. */
export const CODEOWNERS_BYTES_MAX = 3 * 1024 * 1024;
const LINES_MAX = 20_000;
const LINE_CHARACTERS_MAX = 4_096;
const OWNERS_MAX = 100;
const OWNER_CHARACTERS_MAX = 512;

interface Line {
  readonly matches: (path: string) => boolean;
  readonly owners: readonly string[];
}

interface Section {
  /** Empty for lines before the first header. */
  readonly name: string;
  readonly optional: boolean;
  readonly count: number;
  readonly owners: readonly string[];
  readonly lines: Line[];
}

/** Who must approve a path, by one section. */
export interface Owned {
  readonly owners: readonly string[];
  readonly count: number;
}

export interface Codeowners {
  /** Empty where nobody owns the path. */
  ownersOf(path: string): readonly Owned[];
}

/** `*` and `?` within one path segment; remembers the last star only, which is enough (no backtracking beyond it). */
function segmentMatches(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") [star, mark, p] = [p, t, p + 1];
    else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) [p, t] = [p + 1, t + 1];
    else if (star >= 0) [p, mark, t] = [star + 1, mark + 1, mark + 1];
    else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Whether the segments match the whole path, or with `below` a folder above it. `**` stands for any number of segments. */
function segmentsMatch(pattern: readonly string[], path: readonly string[], below: boolean): boolean {
  let reached = new Array<boolean>(path.length + 1).fill(false);
  reached[0] = true;
  for (const segment of pattern) {
    const next = new Array<boolean>(path.length + 1).fill(false);
    for (let i = 0; i <= path.length; i++) {
      if (segment === "**") next[i] = reached[i] === true || (i > 0 && next[i - 1] === true);
      else if (i > 0) next[i] = reached[i - 1] === true && segmentMatches(segment, path[i - 1] ?? "");
    }
    reached = next;
  }
  if (reached[path.length] === true) return true;
  return below && reached.slice(1, path.length).includes(true);
}

/** A pattern as gitignore has it, with the code hosts' one exception: a last `/*` stops at that folder. */
function matcherOf(text: string): (path: string) => boolean {
  const folder = text.endsWith("/");
  const trimmed = text.replace(/^\/+/, "").replace(/\/+$/, "");
  const anchored = text.startsWith("/") || trimmed.includes("/");
  const segments = trimmed.split("/").filter((segment) => segment !== "");
  if (segments.length === 0) return () => text === "/";
  const pattern = anchored ? segments : ["**", ...segments];
  const shallow = !folder && anchored && segments.at(-1) === "*";
  return (path) => {
    const parts = path.split("/");
    // A trailing slash means a folder: something has to lie below it.
    if (folder) return parts.length > 1 && segmentsMatch([...pattern, "**", "*"], parts, false);
    return segmentsMatch(pattern, parts, !shallow);
  };
}

/** Words of a line; a backslash keeps a space in a word, `#` at the start of one ends the line. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:\\.|[^\s\\])+/g)) {
    if (word.startsWith("#")) break;
    words.push(word);
  }
  return words;
}

const OWNER = /^(?:@[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9._/-]+)?|[^\s@]+@[^\s@]+)$/;
const few = (words: readonly string[]): string[] => words.slice(0, OWNERS_MAX).map((word) => word.slice(0, OWNER_CHARACTERS_MAX).toWellFormed());
/** Words none of which is an owner ask for somebody whom nobody is: were they dropped, a forgotten @ would leave the path to everybody. */
function ownersIn(words: readonly string[]): string[] {
  const owners = words.filter((word) => OWNER.test(word));
  return few(owners.length === 0 ? words : owners);
}
const HEADER = /^(\^?)\[([^\]]{1,200})\](?:\[(\d{1,3})\])?\s*(.*)$/;

/** A file of either kind. Throws `config.malformed` past its limits: a file half read would leave paths without owners. */
export function parseCodeowners(bytes: Uint8Array, name: string): Codeowners {
  const text = bytes.length > CODEOWNERS_BYTES_MAX ? null : fromUtf8(bytes);
  const lines = text?.split(/\r?\n/) ?? [];
  if (text === null || lines.length > LINES_MAX || lines.some(({ length }) => length > LINE_CHARACTERS_MAX)) {
    throw new MaestroError("config.malformed", `${name}: no UTF-8, or more than ${CODEOWNERS_BYTES_MAX} bytes, ${LINES_MAX} lines or ${LINE_CHARACTERS_MAX} characters in one`);
  }
  const sections: Section[] = [{ name: "", optional: false, count: 1, owners: [], lines: [] }];
  for (const line of lines) {
    const header = HEADER.exec(line.trim());
    if (header !== null) {
      sections.push(sectionOf(header, sections));
      continue;
    }
    const [pattern, ...rest] = wordsOf(line);
    // GitHub takes no `!` and no `[…]`: such a line is skipped there, and so it is here.
    if (pattern === undefined || pattern.startsWith("!") || /(?<!\\)[[\]]/.test(pattern)) continue;
    const owners = ownersIn(rest);
    const section = sections.at(-1)!;
    section.lines.push({ matches: matcherOf(pattern.replace(/\\(.)/g, "$1")), owners: owners.length === 0 ? section.owners : owners });
  }
  return { ownersOf: (path) => merged(sections).flatMap((section) => ownersBy(section, path)) };
}

function sectionOf([, optional = "", name = "", count, rest = ""]: RegExpExecArray, before: readonly Section[]): Section {
  const first = before.find((section) => section.name.toLowerCase() === name.trim().toLowerCase());
  const owners = ownersIn(wordsOf(rest));
  return { name: name.trim(), optional: optional !== "", count: Math.max(1, Number(count ?? first?.count ?? 1)), owners: owners.length === 0 ? (first?.owners ?? []) : owners, lines: [] };
}

/** Headers of one name are one section (GitLab), whatever their case; what the first says counts, and one of them that asks makes it asked. */
function merged(sections: readonly Section[]): Section[] {
  const groups = Map.groupBy(sections, ({ name }) => name.toLowerCase());
  return [...groups.values()].map((group) => ({ ...group[0]!, optional: group.every(({ optional }) => optional), lines: group.flatMap(({ lines }) => lines) }));
}

function ownersBy({ optional, count, lines }: Section, path: string): Owned[] {
  const last = lines.findLast(({ matches }) => matches(path));
  if (last === undefined || last.owners.length === 0 || optional) return [];
  return [{ owners: last.owners, count }];
}
