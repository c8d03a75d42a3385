/** The part of a text around a mistake, and a line that points at it. */

/** Characters beside the mistake. */
const AROUND = 24;
const WORD = /^(?:\w+|[=!<>&|]+|\S)/;

/** Both lines in a font of one width: the mark stands under the character at `offset`. */
export function excerptOf(text: string, offset: number): { readonly text: string; readonly mark: string } {
  const at = Math.min(Math.max(0, offset), text.length);
  const start = Math.max(0, text.lastIndexOf("\n", at - 1) + 1, at - AROUND);
  const line_end = text.indexOf("\n", at);
  const end = Math.min(line_end < 0 ? text.length : line_end, at + AROUND);
  const cut = start > 0 && text[start - 1] !== "\n" ? "…" : "";
  const more = end < text.length && text[end] !== "\n" ? "…" : "";
  // Whatever is not one column wide would move the mark.
  const flat = (part: string): string => part.replace(/[^\x20-\x7e]/g, "·");
  const length = Math.min(WORD.exec(text.slice(at, end))?.[0].length ?? 1, end - at) || 1;
  return { text: `${cut}${flat(text.slice(start, end))}${more}`, mark: `${" ".repeat(cut.length + at - start)}${"^".repeat(length)}` };
}
