/**
 * A configuration as TLC 2.18 reads it. TLC stops at the first character it has no token for and says nothing: what stands behind it is never
 * asked, and the run passes. So one that cannot be read to its end, or only otherwise than a person would, is not run.
 */
import { stripped } from "./comments.ts";

export interface ModelConfig {
  /** Names under INVARIANT and PROPERTY. */
  readonly asked: ReadonlySet<string>;
  /** SPECIFICATION, INIT and NEXT. */
  readonly behaviour: string;
  /** CONSTRAINT, ACTION_CONSTRAINT, SYMMETRY, VIEW: whatever makes it look at less. */
  readonly cuts: ReadonlySet<string>;
  /** What stands for a constant or in place of a definition: `= value`, `<- operator`. */
  readonly constants: ReadonlyMap<string, string>;
  readonly deadlock: boolean;
}

/** TLC's words: how many names follow, and what they are to us. */
const WORDS: Readonly<Record<string, { readonly kind: "asked" | "behaviour" | "cuts" | "deadlock" | "unused"; readonly many: boolean } | "constants">> = {
  INVARIANT: { kind: "asked", many: true }, INVARIANTS: { kind: "asked", many: true }, PROPERTY: { kind: "asked", many: true }, PROPERTIES: { kind: "asked", many: true },
  SPECIFICATION: { kind: "behaviour", many: false }, INIT: { kind: "behaviour", many: false }, NEXT: { kind: "behaviour", many: false },
  CONSTRAINT: { kind: "cuts", many: true }, CONSTRAINTS: { kind: "cuts", many: true }, ACTION_CONSTRAINT: { kind: "cuts", many: true }, ACTION_CONSTRAINTS: { kind: "cuts", many: true },
  SYMMETRY: { kind: "cuts", many: false }, VIEW: { kind: "cuts", many: false }, TYPE_CONSTRAINT: { kind: "cuts", many: false },
  CONSTANT: "constants", CONSTANTS: "constants", CHECK_DEADLOCK: { kind: "deadlock", many: false }, TYPE: { kind: "unused", many: false },
};
/** Of later versions; 2.18 takes them for names. */
const LATER = new Set(["ALIAS", "POSTCONDITION", "PERIODIC"]);
const later = (word: string): string => `${word} is a word of later versions of TLC; 2.18 does not have it`;

const TOKEN = /"(?:[^"`\\]|`[^']*'|\\.)*"|[A-Za-z0-9_]+|\\[A-Za-z]+|\((?:[-+./]|\\X)\)|[-#$%&*+./:<=>^|~\\']+|[!()[\]{},]/y;
const NAME = /^(?![WS]F_)(?=.*[A-Za-z])[A-Za-z0-9_]+$/;
const OPERATOR = /^(?:\\[A-Za-z]+|\(.*\)|[-#$%&*+./:<=>^|~\\']+)$/;

interface Token {
  readonly word: string;
  readonly line: number;
}

class Unread extends Error {}

const lineOf = (text: string, at: number): number => text.slice(0, at).split(/\r\n|\r|\n/).length;

function tokensOf(source: string): Token[] {
  const { text, open_at } = stripped(source);
  if (open_at !== null) throw new Unread(`a comment or a string that begins in line ${lineOf(text, open_at)} has no end, and TLC reads nothing from there on`);
  const tokens: Token[] = [];
  for (let at = 0, line = 1; at < text.length; ) {
    const character = text[at] ?? "";
    if (" \t\r\n".includes(character)) {
      at += 1;
      if (character === "\n" || (character === "\r" && text[at] !== "\n")) line += 1;
      continue;
    }
    TOKEN.lastIndex = at;
    const word = TOKEN.exec(text)?.[0];
    if (word === undefined) throw new Unread(`${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))} in line ${line} is no sign of TLA+: TLC stops reading there without a word, and nothing behind it is asked`);
    tokens.push({ word, line });
    at += word.length;
  }
  return tokens;
}

class Reader {
  private at = 0;
  private readonly asked = new Set<string>();
  private readonly cuts = new Set<string>();
  private readonly behaviour: string[] = [];
  private readonly constants = new Map<string, string>();
  private deadlock = true;

  constructor(private readonly tokens: readonly Token[]) {}

  config(): ModelConfig {
    while (this.at < this.tokens.length) {
      const word = this.take();
      const section = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
      if (section === undefined) throw this.unread(LATER.has(word) ? later(word) : `${word} stands where a word of a configuration has to`);
      if (section === "constants") while (!this.ends()) this.constant();
      else this.names(word, section);
    }
    return { asked: this.asked, cuts: this.cuts, behaviour: this.behaviour.join(", "), constants: this.constants, deadlock: this.deadlock };
  }

  private names(word: string, { kind, many }: Exclude<(typeof WORDS)[string], "constants">): void {
    let count = 0;
    for (; many ? !this.ends() : count < 1; count++) {
      const name = this.take();
      if (LATER.has(name)) throw this.unread(later(name));
      if (!NAME.test(name)) throw this.unread(`${name} is no name`);
      if (kind === "asked") this.asked.add(name);
      else if (kind === "cuts") this.cuts.add(`${word.replace(/S$/, "")} ${name}`);
      else if (kind === "behaviour") this.behaviour.push(`${word} ${name}`);
      else if (kind === "deadlock") this.deadlock = this.truth(name);
    }
  }

  private truth(name: string): boolean {
    if (name !== "TRUE" && name !== "FALSE") throw this.unread(`${name} is neither TRUE nor FALSE`);
    return name === "TRUE";
  }

  /** `name = value`, `name(values) = value`, `name <- operator`; each for one module alone with its name in brackets. */
  private constant(): void {
    let name = this.named();
    while (this.peek() === "!") name += this.take() + this.named();
    const from = this.at;
    if (this.peek() === "(") name += this.within("(", ")");
    const sign = this.take();
    if (sign !== "=" && sign !== "<-") throw this.unread(`${sign} stands where = or <- has to`);
    if (this.peek() === "[") name = `${this.within("[", "]")} ${name}`;
    if (sign === "<-") this.named();
    else this.value();
    const value = this.words(this.tokens.findIndex(({ word }, i) => i >= from && word === sign));
    if ((this.constants.get(name) ?? value) !== value) throw this.unread(`${name} stands a second time, for something else`);
    this.constants.set(name, value);
  }

  private named(): string {
    const word = this.take();
    if (LATER.has(word)) throw this.unread(later(word));
    if (!NAME.test(word) && !OPERATOR.test(word)) throw this.unread(`${word} is no name`);
    return word;
  }

  /** Whatever stands in value position is a value, a word of the configuration, too: so TLC takes it. */
  private value(): void {
    if (this.peek() === "{") this.within("{", "}");
    else {
      const word = this.take();
      if (Object.hasOwn(WORDS, word)) throw this.unread(`${word} stands where a value has to, and TLC takes it for one`);
      if (!word.startsWith('"') && !/^\d+$/.test(word) && !NAME.test(word)) throw this.unread(`${word} is no value`);
    }
  }

  private within(open: string, close: string): string {
    const from = this.at;
    this.need(open);
    while (this.peek() !== close) {
      this.value();
      if (this.peek() !== close) this.need(",");
    }
    this.need(close);
    return this.words(from);
  }

  private words(from: number): string {
    return this.tokens.slice(from, this.at).map(({ word }) => word).join(" ");
  }

  private ends(): boolean {
    const word = this.peek();
    return word === null || Object.hasOwn(WORDS, word);
  }

  private peek(): string | null {
    return this.tokens[this.at]?.word ?? null;
  }

  private need(word: string): void {
    const found = this.take();
    if (found !== word) throw this.unread(`${found} stands where ${word} has to`);
  }

  private take(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new Unread("it ends where something has to follow");
    return token.word;
  }

  private unread(because: string): Unread {
    return new Unread(`in line ${this.tokens[this.at - 1]?.line ?? 1} ${because}`);
  }
}

/** Depth of a set in a set is bounded by the stack; a configuration that passes it is not read either. */
export function readConfig(text: string): ModelConfig | { readonly because: string } {
  try {
    return new Reader(tokensOf(text)).config();
  } catch (error) {
    if (error instanceof Unread) return { because: error.message };
    if (error instanceof RangeError) return { because: "its sets are nested too deep" };
    throw error;
  }
}
