/**
 * S-expressions of SMT-LIB 2.6 (section 3.1), read strictly: what two readers could cut differently is refused. So
 * there are no escapes in quoted symbols, no block comments of z3, no control characters, and text is ASCII.
 */
import { MaestroError } from "../../../proto/errors.ts";

export interface SexprLimits {
  readonly bytes_max: number;
  readonly depth_max: number;
  /** Atoms and lists together. */
  readonly items_max: number;
}

/** An atom as it is written, or a list. */
export type Sexpr = string | readonly Sexpr[];

const SYMBOL = "[A-Za-z~!@$%^&*_+=<>.?/-][A-Za-z0-9~!@$%^&*_+=<>.?/-]*";
const NUMERAL_DIGITS_MAX = 1_024;
// In this order: a decimal before a numeral. A string doubles its quotes; what it holds is printable ASCII.
const TOKEN = new RegExp(String.raw`[ \t\r\n]+|;[^\n]*|\(|\)|"(?:[ !#-~]|"")*"|\|[ !-\[\]-{}~]*\||#x[0-9A-Fa-f]+|#b[01]+|(?:0|[1-9][0-9]*)\.[0-9]+|0|[1-9][0-9]*|:?${SYMBOL}`, "y");
const DELIMITED = /[ \t\r\n()";]/;

const malformed = (why: string, at: number): MaestroError => new MaestroError("request.malformed", `SMT-LIB: ${why} at character ${at}`);

/** All expressions of a text. Throws `request.malformed` or `request.too_large`. */
export function readSexprs(text: string, limits: SexprLimits): readonly Sexpr[] {
  if (text.length > limits.bytes_max) throw new MaestroError("request.too_large", `SMT-LIB: ${text.length} characters, limit ${limits.bytes_max}`);
  const top: Sexpr[] = [];
  const open: Sexpr[][] = [];
  let items = 0;
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw malformed("a character that starts no token", at);
    const start = at;
    at += token.length;
    if (/^[ \t\r\n;]/.test(token)) continue;
    if (token !== ")" && ++items > limits.items_max) throw new MaestroError("request.too_large", `SMT-LIB: more than ${limits.items_max} items`);
    if (token === "(") {
      if (open.length >= limits.depth_max) throw new MaestroError("request.too_large", `SMT-LIB: nested deeper than ${limits.depth_max}`);
      open.push([]);
      continue;
    }
    const list = token === ")" ? open.pop() : undefined;
    if (token === ")" && list === undefined) throw malformed("a parenthesis too many", start);
    // `1abc` and `"a"b` are two tokens to some and none to others.
    if (token !== ")" && at < text.length && !DELIMITED.test(text[at] ?? "")) throw malformed("two tokens without a space", at);
    if (/^[0-9]/.test(token) && token.length > NUMERAL_DIGITS_MAX) throw new MaestroError("request.too_large", "SMT-LIB: a number of too many digits");
    (open.at(-1) ?? top).push(list ?? token);
  }
  if (open.length > 0) throw malformed("a parenthesis that is never closed", text.length);
  return top;
}

/** The one spelling of an expression. */
export function writeSexpr(expression: Sexpr): string {
  return typeof expression === "string" ? expression : `(${expression.map(writeSexpr).join(" ")})`;
}

/** The text that a string literal stands for, `\u{...}` and its like resolved (theory of strings, SMT-LIB 2.6). */
export function stringOf(literal: string): string {
  const inner = literal.slice(1, -1).replaceAll('""', '"');
  return inner.replace(/\\u\{([0-9a-fA-F]{1,5})\}|\\u([0-9a-fA-F]{4})/g, (_all, braced?: string, four?: string) => String.fromCodePoint(Number.parseInt(braced ?? four ?? "0", 16)));
}
