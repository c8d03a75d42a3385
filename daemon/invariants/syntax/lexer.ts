/** Tokens of an expression, after the grammar of CEL (cel-spec doc/langdef.md). */
import type { Span } from "../../../proto/expr.ts";
import { SourceError } from "../problem.ts";

export type TokenKind = "identifier" | "key" | "int" | "double" | "string" | "duration" | "operator" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a string, what it means. */
  readonly text: string;
  readonly span: Span;
}

const SPACE = /(?:[ \t\n\r\f]|\/\/[^\n]*)*/y;
const IDENTIFIER = /\$?[A-Za-z_][A-Za-z0-9_]*/y;
const HEX = /0[xX][0-9a-fA-F]+/y;
const DURATION = /(?:\d+(?:\.\d+)?(?:ms|[smhd]))+(?![A-Za-z0-9_.])/y;
const DOUBLE = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)/y;
const INT = /\d+/y;
const OPERATOR = /==|!=|<=|>=|&&|\|\||[<>!+\-*/%?:()[\],.]/y;
/** As people write an amount: `$10`, `$1,000.50`, `$10,50`. */
const DOLLARS = /\$ ?(\d{1,3}(?:,\d{3})+|\d+)(?:[.,](\d{1,6}))?/y;
const IDENTIFIER_CHARACTERS_MAX = 64;

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

const SINGLE: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?" };
const NUMBERED = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y;

/** One escape, and how many characters it has. */
function escapeAt(text: string, at: number): { readonly value: string; readonly length: number } {
  const plain = SINGLE[text[at + 1] ?? ""];
  if (plain !== undefined) return { value: plain, length: 2 };
  NUMBERED.lastIndex = at;
  const [all, x, u, U, octal] = NUMBERED.exec(text) ?? [];
  const code = all === undefined ? Number.NaN : octal === undefined ? Number.parseInt(x ?? u ?? U ?? "", 16) : Number.parseInt(octal, 8);
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  if (all === undefined || !(code <= 0x10ffff) || surrogate) throw new SourceError([at, at + 2], "this is no escape of a string", "write \\\\ for a backslash, or one of \\n \\t \\' \\\" \\x41 \\u0041");
  return { value: String.fromCodePoint(code), length: all.length };
}

/** A string from its quote on; `raw` takes backslashes as they stand. */
function stringAt(text: string, start: number, quote_at: number, raw: boolean): Token {
  const quote = text[quote_at] ?? "";
  if (text.startsWith(quote.repeat(3), quote_at)) throw new SourceError([start, quote_at + 3], "strings of three quotes are not taken", "write one line in single quotes");
  let value = "";
  for (let at = quote_at + 1; at < text.length; ) {
    const character = text[at] ?? "";
    if (character === quote) return { kind: "string", text: value, span: [start, at + 1] };
    if (character === "\n" || character === "\r") break;
    const escape = character === "\\" && !raw ? escapeAt(text, at) : { value: character, length: 1 };
    value += escape.value;
    at += escape.length;
  }
  throw new SourceError([start, start + 1], "the string has no end", `close it with ${quote}`);
}

function wordAt(text: string, at: number): Token | null {
  const word = match(IDENTIFIER, text, at);
  if (word === null) return null;
  const span: Span = [at, at + word.length];
  const quote = text[at + word.length];
  if (/^[rR]$/.test(word) && (quote === "'" || quote === '"')) return stringAt(text, at, at + 1, true);
  if (/^[bB]$/.test(word) && (quote === "'" || quote === '"')) throw new SourceError(span, "strings of bytes are not taken", "leave the b away");
  if (word.length > IDENTIFIER_CHARACTERS_MAX) throw new SourceError(span, `the name has more than ${IDENTIFIER_CHARACTERS_MAX} characters`, "give it a shorter one");
  return word.startsWith("$") ? { kind: "key", text: word.slice(1), span } : { kind: "identifier", text: word, span };
}

function numberAt(text: string, at: number): Token | null {
  const hex = match(HEX, text, at);
  const found: readonly [TokenKind, string | null][] = [["int", hex], ["duration", match(DURATION, text, at)], ["double", match(DOUBLE, text, at)], ["int", match(INT, text, at)]];
  for (const [kind, digits] of found) {
    if (digits === null) continue;
    const next = text[at + digits.length] ?? "";
    const span: Span = [at, at + digits.length];
    if (/[uU]/.test(next)) throw new SourceError(span, "unsigned numbers are not taken", "leave the u away");
    if (/[A-Za-z0-9_.]/.test(next)) throw new SourceError([at, at + digits.length + 1], "this is no number", "write 12, 1.5, 0x1F, or a time such as 5m with the units ms, s, m, h, d");
    return { kind, text: digits, span };
  }
  return null;
}

/** Literals are amounts of dollars already where money is compared. */
function dollarsAt(text: string, at: number): string | null {
  DOLLARS.lastIndex = at;
  const [all, whole = "", cents = ""] = DOLLARS.exec(text) ?? [];
  return all === undefined ? null : `write ${whole.replaceAll(",", "")}.${cents.padEnd(2, "0")}`;
}

function tokenAt(text: string, at: number): Token {
  const character = text[at];
  if (character === undefined) return { kind: "end", text: "", span: [at, at] };
  if (character === "'" || character === '"') return stringAt(text, at, at, false);
  const token = wordAt(text, at) ?? numberAt(text, at);
  if (token !== null) return token;
  const operator = match(OPERATOR, text, at);
  if (operator !== null) return { kind: "operator", text: operator, span: [at, at + operator.length] };
  const instead = character === "=" ? "write == to compare" : character === "&" ? "write &&" : character === "|" ? "write ||" : character === "{" ? "maps are not taken; compare fields one by one" : (dollarsAt(text, at) ?? "take it out");
  throw new SourceError([at, at + 1], `${JSON.stringify(character)} stands where nothing of that kind can`, instead);
}

/** All tokens, the last of kind `end`. Throws `SourceError`. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    at += SPACE.exec(text)?.[0].length ?? 0;
    const token = tokenAt(text, at);
    found.push(token);
    if (token.kind === "end") return found;
    at = token.span[1];
  }
}
