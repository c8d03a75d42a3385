/**
 * Regular expressions as `matches` takes them: the part of RE2's syntax that
 * is regular, read once while compiling. No backreference, no lookaround, so
 * that matching is linear and a solver can be told the same thing.
 */

/** Code points from the first to the last, both included. */
export type Range = readonly [from: number, to: number];

export type Pattern =
  | { readonly kind: "set"; readonly ranges: readonly Range[] }
  | { readonly kind: "start" }
  | { readonly kind: "end" }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly options: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly body: Pattern; readonly min: number; readonly max: number | null };

const POINT_MAX = 0x10ffff;
const REPEAT_MAX = 100;
const DEPTH_MAX = 20;
/** Characters a compiled pattern may look for, repeats written out: the matcher keeps them all in mind for each character of a text. */
const STATES_MAX = 500;

export class PatternError extends Error {
  constructor(
    readonly at: number,
    message: string,
    readonly fix: string,
  ) {
    super(message);
    this.name = "PatternError";
  }
}

const DIGIT: readonly Range[] = [[48, 57]];
const WORD: readonly Range[] = [[48, 57], [65, 90], [95, 95], [97, 122]];
// RE2: \s is [\t\n\f\r ].
const SPACE: readonly Range[] = [[9, 10], [12, 13], [32, 32]];
const CLASSES: Readonly<Record<string, readonly Range[]>> = { d: DIGIT, w: WORD, s: SPACE };
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };

/** In order, without overlap. */
export function normal(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last !== undefined && from <= last[1] + 1) out[out.length - 1] = [last[0], Math.max(last[1], to)];
    else out.push([from, to]);
  }
  return out;
}

function complement(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  let next = 0;
  for (const [from, to] of normal(ranges)) {
    if (from > next) out.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= POINT_MAX) out.push([next, POINT_MAX]);
  return out;
}

/** Characters that a match of it takes at most in different places, repeats written out. */
function states(pattern: Pattern): number {
  switch (pattern.kind) {
    case "sequence":
      return pattern.parts.reduce((sum, part) => sum + states(part), 1);
    case "choice":
      return pattern.options.reduce((sum, part) => sum + states(part), 1);
    case "repeat":
      return 1 + states(pattern.body) * Math.max(1, pattern.max ?? pattern.min + 1);
    default:
      return 1;
  }
}

class PatternParser {
  readonly #points: readonly number[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#points = [...text].map((character) => character.codePointAt(0) ?? 0);
  }

  whole(): Pattern {
    const pattern = this.choice();
    if (this.#at < this.#points.length) throw this.refuse("a ) closes nothing", "write \\) for the character itself");
    if (states(pattern) > STATES_MAX) throw this.refuse(`the pattern looks for more than ${STATES_MAX} characters, its repeats written out`, "repeat less, or match a part");
    return pattern;
  }

  private refuse(message: string, fix: string): PatternError {
    return new PatternError(this.#at, message, fix);
  }

  private get here(): string {
    const point = this.#points[this.#at];
    return point === undefined ? "" : String.fromCodePoint(point);
  }

  private take(character: string): boolean {
    if (this.here !== character) return false;
    this.#at += 1;
    return true;
  }

  private choice(): Pattern {
    const options = [this.sequence()];
    while (this.take("|")) options.push(this.sequence());
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  private sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.here !== "" && this.here !== "|" && this.here !== ")") parts.push(this.repeated());
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  private repeated(): Pattern {
    const body = this.one();
    const count = this.count();
    if (count === null) return body;
    if (body.kind === "start" || body.kind === "end") throw this.refuse("^ and $ cannot be repeated", "leave the repeat away");
    if (this.here === "?") throw this.refuse("lazy repeats make no difference to whether something matches", "leave the second ? away");
    if ("*+{".includes(this.here) && this.here !== "") throw this.refuse("a repeat of a repeat", "put the inner one in parentheses");
    return { kind: "repeat", body, ...count };
  }

  private count(): { readonly min: number; readonly max: number | null } | null {
    if (this.take("*")) return { min: 0, max: null };
    if (this.take("+")) return { min: 1, max: null };
    if (this.take("?")) return { min: 0, max: 1 };
    if (this.here !== "{") return null;
    const rest = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 12));
    const [all, low, comma, high] = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(rest) ?? [];
    if (all === undefined || low === undefined) throw this.refuse("a { that begins no repeat", "write {2}, {2,} or {2,5}, or \\{ for the character itself");
    this.#at += all.length;
    const min = Number(low);
    const max = comma === "" ? min : high === "" || high === undefined ? null : Number(high);
    if (Math.max(min, max ?? 0) > REPEAT_MAX || (max !== null && max < min)) throw this.refuse(`a repeat goes up to ${REPEAT_MAX}, the smaller number first`, "write {2,5}");
    return { min, max };
  }

  private one(): Pattern {
    const character = this.here;
    if (this.take("(")) return this.group();
    if (this.take("[")) return { kind: "set", ranges: this.set() };
    if (this.take("^")) return { kind: "start" };
    if (this.take("$")) return { kind: "end" };
    if (this.take(".")) return { kind: "set", ranges: complement([[10, 10]]) };
    if ("*+?{".includes(character)) throw this.refuse(`${character} repeats nothing`, `write \\${character} for the character itself`);
    if (character === "\\") return { kind: "set", ranges: this.escape() };
    const point = this.#points[this.#at++] ?? 0;
    return { kind: "set", ranges: [[point, point]] };
  }

  private group(): Pattern {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw this.refuse(`groups are nested deeper than ${DEPTH_MAX}`, "write a flatter pattern");
    if (this.here === "?") {
      this.#at += 1;
      if (!this.take(":")) throw this.refuse("flags, names and lookaround are not taken", "write (...) or (?:...)");
    }
    const inner = this.choice();
    if (!this.take(")")) throw this.refuse("a ( has no end", "close it, or write \\( for the character itself");
    this.#depth -= 1;
    return inner;
  }

  /** What stands after a backslash. */
  private escape(): readonly Range[] {
    this.#at += 1;
    const character = this.here;
    const known = CLASSES[character.toLowerCase()];
    if (known !== undefined && character !== "") {
      this.#at += 1;
      return character === character.toLowerCase() ? known : complement(known);
    }
    const control = CONTROLS[character];
    if (control === undefined && !/^[^A-Za-z0-9]$/u.test(character)) throw this.refuse(`\\${character} is not taken`, "taken are \\d \\w \\s \\D \\W \\S \\n \\r \\t \\f and a backslash before a sign");
    const point = control ?? this.#points[this.#at] ?? 0;
    this.#at += 1;
    return [[point, point]];
  }

  private set(): readonly Range[] {
    const negated = this.take("^");
    const ranges: Range[] = [];
    while (this.here !== "]" || ranges.length === 0) {
      if (this.here === "") throw this.refuse("a [ has no end", "close it, or write \\[ for the character itself");
      ranges.push(...this.item());
    }
    this.#at += 1;
    return negated ? complement(ranges) : normal(ranges);
  }

  private member(): readonly Range[] {
    if (this.here === "[") throw this.refuse("a [ inside a set", "write \\[ for the character itself");
    if (this.here === "\\") return this.escape();
    const point = this.#points[this.#at++] ?? 0;
    return [[point, point]];
  }

  private item(): readonly Range[] {
    const first = this.member();
    const follows = this.#points[this.#at + 1];
    if (this.here !== "-" || follows === undefined || follows === 93) return first;
    this.#at += 1;
    const last = this.member();
    const [from, to] = [first[0], last[0]];
    if (first.length !== 1 || last.length !== 1 || from === undefined || to === undefined || from[0] !== from[1] || to[0] !== to[1] || to[0] < from[0]) throw this.refuse("this is no range", "write a-z, or put the - last");
    return [[from[0], to[0]]];
  }
}

/** Throws `PatternError`. */
export const parsePattern = (text: string): Pattern => new PatternParser(text).whole();
