/** Line edits of one text as a unified diff that git applies. Pure. */

/** Lines `line`..`line + gone - 1` become `come`; `gone` 0 puts them before that line. Without line endings. */
export interface Edit {
  readonly line: number;
  readonly gone: number;
  readonly come: readonly string[];
}

export interface EditedText {
  readonly text: string;
  readonly patch: string;
}

const CONTEXT_LINES = 3;

interface Split {
  readonly lines: readonly string[];
  readonly newline_at_end: boolean;
}

const split = (text: string): Split => {
  if (text === "") return { lines: [], newline_at_end: true };
  const newline_at_end = text.endsWith("\n");
  return { lines: (newline_at_end ? text.slice(0, -1) : text).split("\n"), newline_at_end };
};

/** Null where two edits want the same line, or one lies outside. */
function ordered(edits: readonly Edit[], lines: number): Edit[] | null {
  const sorted = [...edits].sort((a, b) => a.line - b.line);
  let free = 1;
  for (const { line, gone } of sorted) {
    if (line < free || line + gone - 1 > lines || line > lines + 1) return null;
    free = line + Math.max(gone, 1);
  }
  return sorted;
}

/** What comes ends as what it stands for does; what is put between, as the line before it, or the first one. */
const endingAt = (lines: readonly string[], line: number, gone: number): string => ((lines[gone > 0 ? line - 1 : Math.max(0, line - 2)] ?? lines[0] ?? "").endsWith("\r") ? "\r" : "");

/** `ends`: whether the new text ends with a line feed; absent: as the old one does. Null where the edits contradict each other or change nothing. */
export function edited(path: string, old: string, edits: readonly Edit[], ends?: true): EditedText | null {
  const before = split(old);
  const wanted = ordered(edits, before.lines.length);
  if (wanted === null) return null;
  const newline_at_end = ends ?? before.newline_at_end;
  const body: { op: " " | "-" | "+"; text: string; last: boolean }[] = [];
  const after: string[] = [];
  let at = 1;
  const keep = (until: number): void => {
    for (; at < until; at += 1) {
      const text = before.lines[at - 1]!;
      const last = at === before.lines.length;
      if (last && newline_at_end !== before.newline_at_end) body.push({ op: "-", text, last: true }, { op: "+", text, last: true });
      else body.push({ op: " ", text, last });
      after.push(text);
    }
  };
  for (const { line, gone, come } of wanted) {
    keep(line);
    const cr = endingAt(before.lines, line, gone);
    for (let left = gone; left > 0; left -= 1, at += 1) body.push({ op: "-", text: before.lines[at - 1]!, last: at === before.lines.length });
    for (const text of come) {
      after.push(text + cr);
      body.push({ op: "+", text: text + cr, last: false });
    }
  }
  keep(before.lines.length + 1);
  const text = after.join("\n") + (newline_at_end && after.length > 0 ? "\n" : "");
  if (text === old) return null;
  return { text, patch: `--- a/${path}\n+++ b/${path}\n${hunks(body, before, newline_at_end)}` };
}

const NO_END = "\\ No newline at end of file\n";

function hunks(body: readonly { readonly op: " " | "-" | "+"; readonly text: string; readonly last: boolean }[], before: Split, newline_at_end: boolean): string {
  const changed = body.flatMap(({ op }, at) => (op === " " ? [] : [at]));
  const last_new = body.findLastIndex(({ op }) => op !== "-");
  let out = "";
  for (let first = 0; first < changed.length; ) {
    let end = first;
    while (end + 1 < changed.length && changed[end + 1]! - changed[end]! <= 2 * CONTEXT_LINES) end += 1;
    const [from, to] = [Math.max(0, changed[first]! - CONTEXT_LINES), Math.min(body.length - 1, changed[end]! + CONTEXT_LINES)];
    const part = body.slice(from, to + 1);
    const skipped = body.slice(0, from);
    const [old_start, new_start] = [skipped.filter(({ op }) => op !== "+").length, skipped.filter(({ op }) => op !== "-").length];
    const [old_lines, new_lines] = [part.filter(({ op }) => op !== "+").length, part.filter(({ op }) => op !== "-").length];
    out += `@@ -${old_lines === 0 ? old_start : old_start + 1},${old_lines} +${new_lines === 0 ? new_start : new_start + 1},${new_lines} @@\n`;
    for (const [at, { op, text, last }] of part.entries()) {
      out += `${op}${text}\n`;
      if (op !== "+" && last && !before.newline_at_end && (op === "-" || !newline_at_end)) out += NO_END;
      else if (op === "+" && !newline_at_end && from + at === last_new) out += NO_END;
    }
    first = end + 1;
  }
  return out;
}
