/** Rows of a screen: a word, and beside it text that keeps to 80 columns. */

export const COLUMNS = 80;
const LABEL = 12;

export interface Row {
  readonly label: string;
  readonly text: string;
}

/** Breaks at spaces; a word that is longer than a line stands alone and whole, since a digest cut in two cannot be searched for. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export const rowLines = ({ label, text }: Row): string[] => wrapped(text, COLUMNS - LABEL - 2).map((line, i) => `  ${(i === 0 ? label : "").padEnd(LABEL)}${line}`);

/** What stands beside no word, over the whole width. */
export const itemLines = (text: string): string[] => wrapped(text, COLUMNS - 4).map((line, i) => `${i === 0 ? "  - " : "    "}${line}`);

/** A part of the screen; nothing where it has no rows. */
export const section = (title: string, rows: readonly Row[]): string[] => (rows.length === 0 ? [] : [title, ...rows.flatMap(rowLines)]);

/** As many as fit a screen, and how many more there are. */
export function some(items: readonly string[], shown: number): string {
  const more = items.length - shown;
  return `${items.slice(0, shown).join(", ")}${more > 0 ? ` and ${more} more (--json lists them)` : ""}`;
}
