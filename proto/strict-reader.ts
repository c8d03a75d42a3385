import { MaestroError } from "./errors.ts";

const SPACE = /[ \t\n\r]*/y;
const INTEGER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.eE+-])/y;
// A string is read in runs (RFC 8259 section 7): one pattern for all of it would exhaust the matcher's stack at some megabytes.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What a document is read into; `N` is what becomes of its numbers. */
export type Tree<N> = null | boolean | string | N | readonly Tree<N>[] | { readonly [key: string]: Tree<N> };

export interface Numbers<N> {
  readonly pattern: "integer" | "any";
  /** The number as it stands in the text; null where it is out of range. */
  readonly read: (text: string) => N | null;
}

/** The rule of our own documents: quantities are strings. */
export const SAFE_INTEGERS: Numbers<number> = {
  pattern: "integer",
  read(text) {
    const number = Number(text);
    return !Number.isSafeInteger(number) || Object.is(number, -0) ? null : number;
  },
};

/** Measurements, and chances that something was drawn with: what was too large for a number would be infinite, and -0 is 0. */
export const FINITE_NUMBERS: Numbers<number> = {
  pattern: "any",
  read(text) {
    const number = Number(text);
    const whole = Number.isInteger(number);
    return !Number.isFinite(number) || (whole && !Number.isSafeInteger(number)) ? null : number + 0;
  },
};

/**
 * A recursive-descent reader of RFC 8259 text that keeps what `JSON.parse`
 * throws away: it refuses duplicate keys, lone surrogates and numbers beyond
 * what `numbers` takes, and stops at `depth_max`.
 */
export class StrictReader<N> {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly depth_max: number,
    private readonly numbers: Numbers<N>,
  ) {}

  document(): Tree<N> {
    const value = this.value(1);
    this.space();
    if (this.at !== this.text.length) throw this.malformed("text after the document");
    return value;
  }

  private malformed(what: string): MaestroError {
    return new MaestroError("request.malformed", `JSON: ${what} at character ${this.at}`);
  }

  private space(): void {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)?.[0].length ?? 0;
  }

  private take(token: string): boolean {
    this.space();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  private value(depth: number): Tree<N> {
    if (depth > this.depth_max) throw this.malformed(`nested deeper than ${this.depth_max}`);
    this.space();
    switch (this.text[this.at]) {
      case "{":
        return this.object(depth);
      case "[":
        return this.array(depth);
      case '"':
        return this.string();
      default:
        return this.literal();
    }
  }

  private literal(): Tree<N> {
    if (this.take("true")) return true;
    if (this.take("false")) return false;
    if (this.take("null")) return null;
    const integers = this.numbers.pattern === "integer";
    const pattern = integers ? INTEGER : NUMBER;
    pattern.lastIndex = this.at;
    const digits = pattern.exec(this.text)?.[0];
    if (digits === undefined) throw this.malformed(integers ? "expected a value (numbers are integers; quantities are strings)" : "expected a value");
    const number = this.numbers.read(digits);
    if (number === null) throw this.malformed(integers ? "integer outside ±(2^53-1)" : "a number out of range");
    this.at += digits.length;
    return number;
  }

  private string(): string {
    const start = this.at;
    if (this.text[start] !== '"') throw this.malformed("broken string");
    let end = start + 1;
    let escaped = false;
    for (;;) {
      PLAIN.lastIndex = end;
      end += PLAIN.exec(this.text)?.[0].length ?? 0;
      if (this.text[end] !== "\\") break;
      ESCAPE.lastIndex = end;
      const escape = ESCAPE.exec(this.text)?.[0];
      if (escape === undefined) throw this.malformed("broken string");
      end += escape.length;
      escaped = true;
    }
    if (this.text[end] !== '"') throw this.malformed("broken string");
    const value: unknown = escaped ? JSON.parse(this.text.slice(start, end + 1)) : this.text.slice(start + 1, end);
    if (typeof value !== "string" || !value.isWellFormed()) throw this.malformed("lone surrogate");
    this.at = end + 1;
    return value;
  }

  private array(depth: number): Tree<N> {
    const items: Tree<N>[] = [];
    this.take("[");
    if (this.take("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.take(","));
    if (!this.take("]")) throw this.malformed("expected , or ]");
    return items;
  }

  private object(depth: number): Tree<N> {
    // No prototype, so that a key named __proto__ is an ordinary key.
    const entries = new Map<string, Tree<N>>();
    this.take("{");
    if (this.take("}")) return {};
    do {
      this.space();
      const key = this.string();
      if (entries.has(key)) throw this.malformed(`duplicate key ${JSON.stringify(key)}`);
      if (!this.take(":")) throw this.malformed("expected :");
      entries.set(key, this.value(depth + 1));
    } while (this.take(","));
    if (!this.take("}")) throw this.malformed("expected , or }");
    return Object.fromEntries(entries);
  }
}
