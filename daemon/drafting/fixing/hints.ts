/**
 * What compilers show of their own mends: a line as it would be (rustc, clippy, shellcheck), or what goes in above a caret (clang, gcc). A program prints anything, so
 * what goes in is one of a few words that a compiler asks for, in the one place that it names, or what a mend of the house would have written.
 */
import { codeOf, isInText, isWrittenBelow } from "./lines.ts";
import { fileNamed } from "./complaints.ts";
import { isC, isShell } from "./mending.ts";
import type { Mend } from "./rules.ts";

export type Known = (line: number, come: readonly string[]) => boolean;

const LINES_READ_MAX = 2_000;
const HINTS_MAX = 40;
const LINE_CHARACTERS_MAX = 1_000;

/** What rustc may put in, and what it may take out; both change what compiles and not what a program that compiled did. */
const RUST_IN = /^(?:mut|&|&mut|;|,|_|\*|\.clone\(\)|\.to_string\(\)|\.to_owned\(\)|\.as_str\(\)|async|\.await|pub|ref|dyn|\.iter\(\)|: &str|: i32|let _ =|_ =|else|\.into\(\)|impl|::<_>)$/;
const RUST_OUT = /^(?:mut|&|&mut|;|\*|return|\.clone\(\)|\.into\(\)|\(|\)|ref|\.iter\(\)|as [ui](?:8|16|32|64|size))$/;

/** What of one line goes and comes to make it the other. */
function difference(old: string, come: string): { readonly before: string; readonly gone: string; readonly came: string } {
  let head = 0;
  while (head < old.length && head < come.length && old[head] === come[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < come.length - head && old[old.length - 1 - tail] === come[come.length - 1 - tail]) tail += 1;
  return { before: old.slice(0, head), gone: old.slice(head, old.length - tail), came: come.slice(head, come.length - tail) };
}

const commaless = (text: string): string => text.replace(/[\s,]/g, "");
function isRustHint(lines: readonly string[], path: string, line: number, old: string, come: string): boolean {
  const { before, gone, came } = difference(old, come);
  if (isInText({ path, lines, line, text: old }) || (before.match(/(?<!\\)"/g) ?? []).length % 2 !== 0 || /\/\//.test(came)) return false;
  const [went, put] = [gone.trim(), came.trim()];
  if (went === "" && put !== "") return RUST_IN.test(put) && !(put === "_" && isWrittenBelow({ path, lines, line, text: old }, /^\w+/.exec(old.slice(before.length))?.[0] ?? " "));
  if (put === "" && went !== "") return RUST_OUT.test(went);
  // `return x;` as `x`, a name of a list without which the others stay.
  return (/^return (.+?);?$/.exec(went)?.[1] === put && /^\s*$/.test(before)) || (/^\s*(?:pub )?use\b/.test(old) && commaless(went).includes(commaless(put)) && put !== "");
}

/** Lines as the tool would have them, with their number where it gives one. */
function shownIn(output: string): { readonly line: number | null; readonly text: string }[] {
  const lines = output.split("\n", LINES_READ_MAX);
  const found: { line: number | null; text: string }[] = [];
  let [help, meant] = [false, false];
  for (const raw of lines) {
    const text = raw.slice(0, LINE_CHARACTERS_MAX);
    if (/^\s*(?:= )?help\b|^help:/.test(text)) help = true;
    else if (/^(?:error|warning|note)\b/.test(text)) help = false;
    if (/^Did you mean:\s*$/.test(text)) { meant = true; continue; }
    if (meant && text.trim() === "") meant = false;
    else if (meant) found.push({ line: null, text });
    const said = help ? /^\s*(\d{1,7}) [|+~] (.*)$/.exec(text) : null;
    if (said !== null) found.push({ line: Number(said[1]), text: said[2]! });
  }
  return found.slice(0, HINTS_MAX);
}

function ofShown(output: string, path: string, lines: readonly string[], known: Known): Mend[] {
  return shownIn(output).flatMap(({ line, text }) => {
    if (line !== null) {
      const old = lines[line - 1];
      return path.endsWith(".rs") && old !== undefined && old !== text && isRustHint(lines, path, line, old, text) ? [{ what: "write it as the compiler shows", edits: [{ line, gone: 1, come: [text] }] }] : [];
    }
    if (!isShell(path)) return [];
    // Each line is asked about only where it could be meant.
    const begin = text.trimStart().slice(0, 2);
    const at = lines.flatMap((one, i) => (Math.abs(one.length - text.length) <= 12 && one.trimStart().startsWith(begin) && known(i + 1, [text]) ? [i] : []));
    return at.length === 1 ? [{ what: "write it as the tool shows", edits: [{ line: at[0]! + 1, gone: 1, come: [text] }] }] : [];
  });
}

/** What clang and gcc put in above a caret. */
const C_IN = /^(?:;|,|\)|\]|\}|:|==|override|&|\[\]|->|= 0|= NULL|= nullptr|= 0\.0|= false|static|"%s",|typename|const|!=|return|std::|\(|\))$/;
const PLACE = /^\s*(?<path>[\w@+./-]+\.[A-Za-z]{1,5}):(?<line>\d{1,7}):(?<column>\d{1,7}): (?:fatal )?(?:error|warning|note): /;

function withInsertion(old: string, column: number, came: string): string | null {
  const word = came.trim();
  if (!C_IN.test(word) || codeOf(old).slice(column - 1, column) === " " && old[column - 1] !== undefined && old[column - 1] !== " ") return null;
  const [head, rest] = [old.slice(0, column - 1), old.slice(column - 1)];
  if (word === "==" || word === "!=") return /^=(?!=)/.test(rest) ? `${head}${word}${rest.slice(1)}` : null;
  if (word === "->") return rest.startsWith(".") ? `${head}->${rest.slice(1)}` : null;
  if (word === ";") return head.trim() === "" || /[;{,(]\s*$/.test(head) ? null : `${head};${rest}`;
  return `${head}${came}${rest}`;
}

function ofCarets(output: string, path: string, lines: readonly string[], among: readonly string[]): Mend[] {
  const printed = output.split("\n", LINES_READ_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX));
  return printed.flatMap((text, i): Mend[] => {
    const place = PLACE.exec(text)?.groups;
    if (place === undefined || (fileNamed(place["path"]!, among) ?? place["path"]) !== path || /silence this/.test(text) && !/initialize the variable|as an equality|turn this assignment/.test(text)) return [];
    const gutter = /^\s*\d+ \| /.exec(printed[i + 1] ?? "")?.[0].length ?? 0;
    const line = Number(place["line"]);
    const old = lines[line - 1];
    const [shown, caret, put] = [(printed[i + 1] ?? "").slice(gutter), printed[i + 2] ?? "", printed[i + 3] ?? ""];
    if (old === undefined || shown.trim() !== old.trim() || !/^[\s|~^-]*\^[\s~^-]*$/.test(caret)) return [];
    const came = /^\s*\|?(\s*\S.*?)\s*$/.exec(put)?.[1];
    const column = came === undefined ? 0 : put.trimEnd().length - came.trimStart().length - gutter + 1;
    if (came === undefined || column < 1 || PLACE.test(put) || /^\s*(?:\d+ errors?|cc1|In )/.test(put) || old.includes("\t")) return [];
    const now = withInsertion(old, column, came.trim().endsWith(",") && came.trim() !== "," ? `${came.trim()} ` : came.trimStart());
    return now === null || isInText({ path, lines, line, text: old }) ? [] : [{ what: "put in what the compiler shows", edits: [{ line, gone: 1, come: [now] }] }];
  });
}

/** Each mend that a tool shows of that file. */
export const hintsOf = (outputs: readonly string[], path: string, lines: readonly string[], among: readonly string[], known: Known): Mend[] =>
  outputs.flatMap((output) => [...ofShown(output, path, lines, known), ...(isC(path) ? ofCarets(output, path, lines, among) : [])]);
