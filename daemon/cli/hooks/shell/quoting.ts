/** Quotes, escapes and expansions of POSIX shells and bash (POSIX.1-2017 XCU 2.2 and 2.6, bash manual 3.1.2): where each ends and what it says. */

const NESTED_MAX = 64;

/** Index behind the closing quote, or -1. */
export function endOfSingle(text: string, at: number): number {
  const end = text.indexOf("'", at + 1);
  return end < 0 ? -1 : end + 1;
}

const ANSI: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"', "?": "?" };
const CODE = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.))/;

/** `$'...'` from its opening quote; null where it does not end. */
export function ansiQuoted(text: string, open: number): { readonly value: string; readonly end: number } | null {
  let value = "";
  for (let at = open + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === "'") return { value, end: at + 1 };
    if (char !== "\\") {
      value += char;
      continue;
    }
    const rest = text.slice(at + 1, at + 10);
    const code = CODE.exec(rest);
    if (code === null) value += ANSI[rest[0] ?? ""] ?? `\\${rest[0] ?? ""}`;
    else value += code[5] !== undefined ? String.fromCharCode(code[5].charCodeAt(0) & 31) : codePoint(code);
    at += code === null ? 1 : code[0].length;
  }
  return null;
}

function codePoint(code: RegExpExecArray): string {
  const value = code[4] !== undefined ? Number.parseInt(code[4], 8) & 0xff : Number.parseInt(code[1] ?? code[2] ?? code[3] ?? "0", 16);
  return value > 0x10ffff ? "\ufffd" : String.fromCodePoint(value);
}

/**
 * Index behind the `)` that closes the `(` at `open`, minding quotes and comments inside; -1 where it does not close.
 * A `case` pattern's lone `)` ends it early, as it did in shells before 2005: what follows is then read as commands too.
 */
export function endOfParens(text: string, open: number, nested = 0): number {
  let depth = 0;
  // Deeper than any script that is read; a text of nothing else must not use up the stack.
  if (nested > NESTED_MAX) return -1;
  for (let at = open; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "'" || char === '"' || char === "`") {
      const end = char === "'" ? endOfSingle(text, at) : endOfDouble(text, at, char, nested + 1);
      if (end < 0) return -1;
      at = end - 1;
    } else if (char === "#" && /[\s;&|(]/.test(text[at - 1] ?? " ")) {
      const end = text.indexOf("\n", at);
      if (end < 0) return -1;
      at = end;
    } else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at + 1;
  }
  return -1;
}

/** Index behind the quote that closes the one at `open`: a double quote or a backtick. */
export function endOfDouble(text: string, open: number, quote = text[open]!, nested = 0): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
    else if (quote === '"' && text[at] === "$" && text[at + 1] === "(") {
      const end = endOfParens(text, at + 1, nested + 1);
      if (end < 0) return -1;
      at = end - 1;
    } else if (quote === '"' && text[at] === "`") {
      const end = endOfDouble(text, at, "`", nested + 1);
      if (end < 0) return -1;
      at = end - 1;
    }
  }
  return -1;
}

/** Index behind the `}` that closes the `{` at `open`; -1 where it does not close. */
export function endOfBraces(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "'" || char === '"') {
      const end = char === "'" ? endOfSingle(text, at) : endOfDouble(text, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return at + 1;
  }
  return -1;
}

/**
 * `a{b,c}d` as `abd acd`, nested, at most `max` words; null beyond. Works on a word's text in which `marks` says which characters stood
 * unquoted, for only those expand (bash manual 3.5.1). Ranges such as `{1..3}` stand for numbers and letters, and are left alone.
 */
export function expandBraces(text: string, unquoted: readonly boolean[], max: number): string[] | null {
  const open = findComma(text, unquoted);
  if (open === null) return [text];
  const { start, end, commas } = open;
  const edges = [start, ...commas, end];
  const out: string[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const from = edges[i]! + 1;
    const to = edges[i + 1]!;
    const middle = text.slice(from, to);
    const joined = text.slice(0, start) + middle + text.slice(end + 1);
    const marks = [...unquoted.slice(0, start), ...unquoted.slice(from, to), ...unquoted.slice(end + 1)];
    const inner = expandBraces(joined, marks, max - out.length);
    if (inner === null) return null;
    out.push(...inner);
    if (out.length > max) return null;
  }
  return out;
}

/** The first unquoted `{` with a comma of its own level before its `}`; in one pass, because a text may hold nothing else. */
function findComma(text: string, unquoted: readonly boolean[]): { start: number; end: number; commas: number[] } | null {
  const open: { readonly start: number; readonly commas: number[] }[] = [];
  let first: { start: number; end: number; commas: number[] } | null = null;
  for (let at = 0; at < text.length; at++) {
    if (unquoted[at] !== true) continue;
    if (text[at] === "{") open.push({ start: at, commas: [] });
    else if (text[at] === ",") open.at(-1)?.commas.push(at);
    else if (text[at] === "}") {
      const closed = open.pop();
      if (closed !== undefined && closed.commas.length > 0 && (first === null || closed.start < first.start)) first = { ...closed, end: at };
    }
  }
  return first;
}
