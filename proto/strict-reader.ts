import type { Json } from "./canonical.ts";
import { MaestroError } from "./errors.ts";

const SPACE = /[ \t\n\r]*/y;
const INTEGER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
// One run of string content: unescaped characters or complete escapes (RFC 8259 section 7).
const STRING = /"((?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A recursive-descent reader of RFC 8259 text that keeps what `JSON.parse`
 * throws away: it refuses duplicate keys, lone surrogates, fractions,
 * exponents and integers beyond 2^53, and stops at `depth_max`.
 */
export class StrictReader {
  private at = 0;

  constructor(private readonly text: string, private readonly depth_max: number) {}

  document(): Json {
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

  private value(depth: number): Json {
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

  private literal(): Json {
    if (this.take("true")) return true;
    if (this.take("false")) return false;
    if (this.take("null")) return null;
    INTEGER.lastIndex = this.at;
    const digits = INTEGER.exec(this.text)?.[0];
    if (digits === undefined) throw this.malformed("expected a value (numbers are integers; quantities are strings)");
    const number = Number(digits);
    if (!Number.isSafeInteger(number) || Object.is(number, -0)) throw this.malformed("integer outside ±(2^53-1)");
    this.at += digits.length;
    return number;
  }

  private string(): string {
    STRING.lastIndex = this.at;
    const match = STRING.exec(this.text);
    if (match === null) throw this.malformed("broken string");
    const value: unknown = match[1]!.includes("\\") ? JSON.parse(match[0]) : match[1];
    if (typeof value !== "string" || LONE_SURROGATE.test(value)) throw this.malformed("lone surrogate");
    this.at += match[0].length;
    return value;
  }

  private array(depth: number): Json {
    const items: Json[] = [];
    this.take("[");
    if (this.take("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.take(","));
    if (!this.take("]")) throw this.malformed("expected , or ]");
    return items;
  }

  private object(depth: number): Json {
    // No prototype, so that a key named __proto__ is an ordinary key.
    const entries = new Map<string, Json>();
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
