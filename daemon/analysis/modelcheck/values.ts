/** Values as TLC prints them, in the encoding of ITF. Linear in the length of the text. */
import type { Json } from "../../../proto/json.ts";

/** What has no form of its own keeps TLC's words. */
const asPrinted = (text: string): Json => ({ "#unserializable": text });

const DEPTH_MAX = 100;
/** An interval is printed by its ends alone. */
const INTERVAL_MAX = 10_000;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", '"': '"', "\\": "\\" };

class Unread extends Error {}

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  whole(): Json {
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw new Unread("something follows the value");
    return value;
  }

  private value(): Json {
    if (++this.depth > DEPTH_MAX) throw new Unread("nested too deep");
    const value = this.one();
    this.depth -= 1;
    return value;
  }

  private one(): Json {
    this.space();
    if (this.take("<<")) return { "#tup": this.list(">>") };
    if (this.take("{")) return { "#set": this.list("}") };
    if (this.take("[")) return this.record();
    if (this.take("(")) return this.map();
    if (this.text[this.at] === '"') return this.string();
    const word = this.match(/-?\d+|[A-Za-z0-9_]+/y);
    if (word === null) throw new Unread("no value begins here");
    if (/^-?\d+$/.test(word)) return this.numberOrInterval(word);
    if (word === "TRUE" || word === "FALSE") return word === "TRUE";
    return asPrinted(word);
  }

  private numberOrInterval(first: string): Json {
    if (!this.take("..")) return integer(first);
    const [from, to] = [Number(first), Number(this.match(/-?\d+/y) ?? "NaN")];
    if (!(to - from < INTERVAL_MAX)) throw new Unread("an interval without an end, or a long one");
    return { "#set": Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i) };
  }

  private list(end: string): Json[] {
    const values: Json[] = [];
    for (this.space(); !this.take(end); this.space()) {
      if (values.length > 0) this.need(",");
      values.push(this.value());
    }
    return values;
  }

  private record(): Json {
    const fields: [string, Json][] = [];
    for (this.space(); !this.take("]"); this.space()) {
      if (fields.length > 0) this.need(",");
      this.space();
      const name = this.match(/[A-Za-z0-9_]+/y);
      if (name === null) throw new Unread("a field without a name");
      this.need("|->");
      fields.push([name, this.value()]);
    }
    // Defines each field as its own, `__proto__` too.
    return Object.fromEntries(fields);
  }

  private map(): Json {
    const pairs: Json[] = [];
    for (this.space(); !this.take(")"); this.space()) {
      if (pairs.length > 0) this.need("@@");
      const key = this.value();
      this.need(":>");
      pairs.push([key, this.value()]);
    }
    return { "#map": pairs };
  }

  private string(): string {
    const quoted = this.match(/"(?:[^"\\]|\\[^])*"/y);
    if (quoted === null) throw new Unread("a string without an end");
    return quoted.slice(1, -1).replace(/\\([^])/g, (_, character: string) => ESCAPES[character] ?? character);
  }

  private space(): void {
    this.match(/\s+/y);
  }

  private take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private need(word: string): void {
    this.space();
    if (!this.take(word)) throw new Unread(`${word} is missing`);
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    this.at += found?.length ?? 0;
    return found;
  }
}

function integer(digits: string): Json {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : { "#bigint": digits };
}

/** Never throws: what cannot be read is kept as it was printed. */
export function valueOf(text: string): Json {
  try {
    return new Reader(text).whole();
  } catch (error) {
    if (error instanceof Unread) return asPrinted(text.trim());
    throw error;
  }
}
