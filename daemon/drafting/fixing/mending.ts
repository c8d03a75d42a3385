/** What most mends are made of: one line for another, in one place that is code, in files of one language. */
import { codeOf, isInText } from "./lines.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

export const line = (place: Place, text: string, what: string, caution?: string): Mend | null =>
  text === place.text ? null : { what, edits: [{ line: place.line, gone: 1, come: [text] }], ...(caution === undefined ? {} : { caution }) };
export const indentOf = (text: string): string => /^\s*/.exec(text)![0];

/** Exactly one such place outside strings and comments, with the string that may stand in it as it is. */
export const once = (from: RegExp, to: string, what: string, caution?: string) => (place: Place): Mend | null => {
  if (isInText(place)) return null;
  const code = codeOf(place.text);
  const flags = from.flags.replace("g", "");
  const hits = [...place.text.matchAll(new RegExp(from.source, `${flags}g`))].filter(({ index }) => code[index] !== " " || place.text[index] === " ");
  if (hits.length !== 1) return null;
  // Where it stands, so that what a pattern wants around it is still around it.
  const there = new RegExp(from.source, `${flags}y`);
  there.lastIndex = hits[0]!.index;
  return line(place, place.text.replace(there, to), what, caution);
};

export const only = (of: (path: string) => boolean, mend: MendRule["mend"]): MendRule["mend"] => (place) => (of(place.path) ? mend(place) : null);
export const isPython = (path: string): boolean => /\.pyw?$/.test(path);
export const isShell = (path: string): boolean => /\.(?:sh|bash)$/.test(path);
export const isGo = (path: string): boolean => path.endsWith(".go");
export const isC = (path: string): boolean => /\.(?:c|h|cc|cpp|cxx|hpp|hh)$/.test(path);

/** The lines of the block that begins with this line's own, of what is indented deeper: from the one after `line` to the one before it ends. */
export function blockBelow(lines: readonly string[], line: number): { readonly from: number; readonly to: number } {
  const own = indentOf(lines[line - 1]!).length;
  let to = line;
  while (to < lines.length && (lines[to]!.trim() === "" || indentOf(lines[to]!).length > own)) to += 1;
  while (to > line && lines[to - 1]!.trim() === "") to -= 1;
  return { from: line + 1, to };
}
