/** Reads one word at a time: what it says, what only the shell will know, and the scripts inside its substitutions. */
import { ansiQuoted, endOfBraces, endOfDouble, endOfParens, endOfSingle, expandBraces } from "./quoting.ts";
import { SCRIPT_LIMITS, type Word } from "./script.ts";

/** Stands in a word's text where the shell will put something that cannot be told here. */
export const HOLE = "\0";

/** What cannot be read; a shell might read on all the same. */
export class Unread extends Error {}

/** Known values, and what to do with a script inside a word. */
export interface WordContext {
  readonly valueOf: (name: string) => string | undefined;
  readonly inside: (script: string) => void;
}

export interface ReadWords {
  /** None for `""` unquoted, several where braces or an unquoted value make several. */
  readonly words: readonly Word[];
  readonly end: number;
  /** No character of it was quoted or came out of an expansion. */
  readonly plain: boolean;
}

const META = /[\s;&|<>()]/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/** Text being put together, with a mark for each character that stood there unquoted and literal. */
class Field {
  text = "";
  readonly marks: boolean[] = [];
  dynamic = false;
  glob = false;
  /** A quote was there, so that an empty field is still a word. */
  quoted = false;

  add(text: string, unquoted: boolean): void {
    this.text += text;
    for (let i = 0; i < text.length; i++) this.marks.push(unquoted);
    if (unquoted && /[*?[]/.test(text)) this.glob = true;
  }

  hole(): void {
    this.dynamic = true;
    this.add(HOLE, false);
  }
}

export class WordReader {
  private fields: Field[] = [new Field()];
  private plain = true;

  private constructor(
    private readonly text: string,
    private at: number,
    private readonly context: WordContext,
  ) {}

  /** The word that starts at `at`. Throws `Unread`. */
  static read(text: string, at: number, context: WordContext): ReadWords {
    const reader = new WordReader(text, at, context);
    reader.run();
    const words: Word[] = [];
    for (const field of reader.fields) {
      if (field.text === "" && !field.quoted) continue;
      const texts = expandBraces(field.text, field.marks, SCRIPT_LIMITS.braces_max);
      if (texts === null) throw new Unread(`braces that stand for more than ${SCRIPT_LIMITS.braces_max} words`);
      for (const one of texts) if (one !== "" || field.quoted) words.push({ text: one, dynamic: field.dynamic, glob: field.glob });
    }
    return { words, end: reader.at, plain: reader.plain };
  }

  private get field(): Field {
    return this.fields.at(-1)!;
  }

  private run(): void {
    const { text } = this;
    if (text[this.at] === "~") this.tilde();
    while (this.at < text.length) {
      const char = text[this.at]!;
      if (META.test(char)) return;
      if (char === "\\") this.escape();
      else if (char === "'") this.single();
      else if (char === '"') this.double();
      else if (char === "$" && text[this.at + 1] === "'") this.ansi();
      else if (char === "$" && text[this.at + 1] === '"') this.at++;
      else if (char === "$" || char === "`") this.expand(false);
      else {
        this.field.add(char, true);
        this.at++;
      }
    }
  }

  private tilde(): void {
    const home = this.context.valueOf("HOME");
    if (!/^~(?:[/\s;&|<>()]|$)/.test(this.text.slice(this.at, this.at + 2)) || home === undefined) return;
    this.field.add(home, false);
    this.at++;
  }

  private escape(): void {
    const next = this.text[this.at + 1];
    this.at += 2;
    if (next === "\n") return;
    this.plain = false;
    this.field.quoted = true;
    this.field.add(next ?? "\\", false);
  }

  private quotedUpTo(end: number, what: string): void {
    if (end < 0) throw new Unread(`${what} does not end`);
    this.plain = false;
    this.field.quoted = true;
  }

  private single(): void {
    const end = endOfSingle(this.text, this.at);
    this.quotedUpTo(end, "a single quote");
    this.field.add(this.text.slice(this.at + 1, end - 1), false);
    this.at = end;
  }

  private ansi(): void {
    const read = ansiQuoted(this.text, this.at + 1);
    this.quotedUpTo(read?.end ?? -1, "a $'...' quote");
    if (read === null) return;
    this.field.add(read.value, false);
    this.at = read.end;
  }

  private double(): void {
    const end = endOfDouble(this.text, this.at);
    this.quotedUpTo(end, "a double quote");
    this.at++;
    while (this.at < end - 1) {
      const char = this.text[this.at]!;
      const next = this.text[this.at + 1];
      if (char === "\\" && next !== undefined && /[$`"\\\n]/.test(next)) {
        if (next !== "\n") this.field.add(next, false);
        this.at += 2;
      } else if (char === "$" || char === "`") this.expand(true);
      else {
        this.field.add(char, false);
        this.at++;
      }
    }
    this.at = end;
  }

  /** `$name`, `${...}`, `$(...)`, `$((...))` and backticks. */
  private expand(quoted: boolean): void {
    const { text, at } = this;
    this.plain = false;
    if (text[at] === "`") return this.substitution(endOfDouble(text, at, "`"), (inner) => this.context.inside(inner.replace(/\\([`$\\])/g, "$1")), 1);
    const next = text[at + 1] ?? "";
    if (next === "(") {
      const arithmetic = text[at + 2] === "(" && endOfParens(text, at + 2) === endOfParens(text, at + 1) - 1;
      return this.substitution(endOfParens(text, at + 1), arithmetic ? (inner) => insides(inner, this.context) : this.context.inside, 2);
    }
    if (next === "{") {
      const end = endOfBraces(text, at + 1);
      const inner = text.slice(at + 2, end - 1);
      if (end >= 0 && NAME.exec(inner)?.[0] === inner) return this.value(inner, end, quoted);
      return this.substitution(end, (rest) => insides(rest, this.context), 2);
    }
    const name = NAME.exec(text.slice(at + 1))?.[0];
    if (name !== undefined) return this.value(name, at + 1 + name.length, quoted);
    if (/[0-9@*#?$!-]/.test(next)) {
      this.field.hole();
      this.at += 2;
    } else {
      this.field.add("$", false);
      this.at++;
    }
  }

  private substitution(end: number, inside: (script: string) => void, skip: number): void {
    if (end < 0) throw new Unread("a substitution does not end");
    inside(this.text.slice(this.at + skip, end - 1));
    this.field.hole();
    this.at = end;
  }

  private value(name: string, end: number, quoted: boolean): void {
    const value = this.context.valueOf(name);
    this.at = end;
    if (value === undefined) return this.field.hole();
    if (quoted) return this.field.add(value, false);
    // Unquoted, a value is split at white space (XCU 2.6.5).
    const [first = "", ...rest] = value.split(/\s+/);
    this.field.add(first, false);
    for (const part of rest) {
      const next = new Field();
      next.add(part, false);
      this.fields.push(next);
    }
  }
}

/** The scripts inside text that is not a word of its own: a here-document, the default of `${x:-...}`. Throws `Unread`. */
export function insides(text: string, context: WordContext): void {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "`" || (text[at] === "$" && text[at + 1] === "(")) {
      const backtick = text[at] === "`";
      const end = backtick ? endOfDouble(text, at, "`") : endOfParens(text, at + 1);
      if (end < 0) throw new Unread("a substitution does not end");
      context.inside(text.slice(at + (backtick ? 1 : 2), end - 1));
      at = end - 1;
    }
  }
}
