/** Fitting text into columns. Takes escaped text; widths are terminal cells. */

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

export const width = (text: string): number => Bun.stringWidth(text);

function* cells(text: string): Generator<{ readonly text: string; readonly width: number }> {
  for (const { segment } of graphemes.segment(text)) yield { text: segment, width: width(segment) };
}

/** At most `columns` cells; a cut is shown by `mark`, at the end or, for paths, at the start. */
export function fit(text: string, columns: number, mark: string, keep: "start" | "end" = "start"): string {
  if (width(text) <= columns) return text;
  const room = Math.max(0, columns - width(mark));
  const all = [...cells(text)];
  const kept: string[] = [];
  let used = 0;
  for (const cell of keep === "start" ? all : all.reverse()) {
    if (used + cell.width > room) break;
    kept.push(cell.text);
    used += cell.width;
  }
  return keep === "start" ? kept.join("") + mark : mark + kept.reverse().join("");
}

/** Pads to `columns` cells. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

function pieces(word: string, columns: number): string[] {
  const out: string[] = [];
  let piece = "";
  for (const cell of cells(word)) {
    if (piece !== "" && width(piece) + cell.width > columns) {
      out.push(piece);
      piece = "";
    }
    piece += cell.text;
  }
  return piece === "" ? out : [...out, piece];
}

/**
 * Lines of at most `columns` cells, broken at spaces, else inside a word.
 * A line that would begin with `::` gets a backslash: wrapping must not turn
 * the middle of a text into a command of the build host.
 */
export function wrap(text: string, columns: number): string[] {
  const room = columns - 1;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/u).flatMap((one) => pieces(one, room))) {
    if (line === "") line = word;
    else if (width(line) + 1 + width(word) <= room) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== "") lines.push(line);
  return lines.map((one) => one.replace(/^::/, "\\::"));
}
