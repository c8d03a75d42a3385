/** Terms of SMT-LIB 2.6 as text. */
import type { Pattern, Range } from "../pattern/pattern.ts";
import { NotExpressible } from "./expressible.ts";

/** The last character of SMT-LIB's strings. */
const SMT_POINT_MAX = 0x2ffff;
const UNICODE_POINT_MAX = 0x10ffff;

export const and = (...terms: readonly string[]): string => nary("and", "true", "false", terms);
export const or = (...terms: readonly string[]): string => nary("or", "false", "true", terms);

function nary(op: string, neutral: string, absorbing: string, terms: readonly string[]): string {
  const rest = [...new Set(terms)].filter((term) => term !== neutral);
  if (rest.includes(absorbing)) return absorbing;
  return rest.length === 0 ? neutral : rest.length === 1 ? rest[0]! : `(${op} ${rest.join(" ")})`;
}

export const not = (term: string): string => (term === "true" ? "false" : term === "false" ? "true" : `(not ${term})`);
export const implies = (a: string, b: string): string => or(not(a), b);

export const integerTerm = (value: bigint): string => (value < 0n ? `(- ${-value})` : String(value));

/** The bits themselves: a decimal would be rounded by whoever reads it. */
export function doubleTerm(value: number): string {
  if (Number.isNaN(value)) return "(_ NaN 11 53)";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0).toString(2).padStart(64, "0");
  return `(fp #b${bits.slice(0, 1)} #b${bits.slice(1, 12)} #b${bits.slice(12)})`;
}

export function stringTerm(text: string): string {
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code > SMT_POINT_MAX) throw new NotExpressible("a character beyond U+2FFFF: SMT-LIB's strings end there");
    if (character === '"') out += '""';
    // A backslash may begin an escape, so it is always written as one.
    else out += code >= 0x20 && code < 0x7f && character !== "\\" ? character : `\\u{${code.toString(16)}}`;
  }
  return `${out}"`;
}

const point = (code: number): string => stringTerm(String.fromCodePoint(code));

/** Surrogates are no characters, and SMT-LIB has none; what is beyond its last character cannot occur in its strings. */
function setTerm(ranges: readonly Range[]): string {
  // What is beyond that last character is all alike to a solver, so a set may not tell it apart.
  if (ranges.some(([from, to]) => from > SMT_POINT_MAX || (to > SMT_POINT_MAX && to < UNICODE_POINT_MAX))) throw new NotExpressible("a set that ends beyond U+2FFFF: SMT-LIB's strings end there");
  const terms = ranges
    .flatMap(([from, to]) => (from < 0xd800 && to > 0xdfff ? [[from, 0xd7ff], [0xe000, to]] as const : [[from, to] as const]))
    .filter(([from]) => from <= SMT_POINT_MAX)
    .map(([from, to]) => `(re.range ${point(from)} ${point(Math.min(to, SMT_POINT_MAX))})`);
  return terms.length === 0 ? "re.none" : terms.length === 1 ? terms[0]! : `(re.union ${terms.join(" ")})`;
}

const concat = (terms: readonly string[]): string => (terms.length === 0 ? '(str.to_re "")' : terms.length === 1 ? terms[0]! : `(re.++ ${terms.join(" ")})`);

function inner(pattern: Pattern): string {
  switch (pattern.kind) {
    case "set":
      return setTerm(pattern.ranges);
    case "start":
    case "end":
      throw new NotExpressible("^ and $ inside a pattern: SMT-LIB's regular expressions have no places, write them at its ends");
    case "sequence":
      return concat(pattern.parts.map(inner));
    case "choice":
      return `(re.union ${pattern.options.map(inner).join(" ")})`;
    case "repeat": {
      const body = inner(pattern.body);
      if (pattern.max !== null) return `((_ re.loop ${pattern.min} ${pattern.max}) ${body})`;
      return pattern.min === 0 ? `(re.* ${body})` : concat([`((_ re.loop ${pattern.min} ${pattern.min}) ${body})`, `(re.* ${body})`]);
    }
  }
}

/** Of texts in which the pattern is found anywhere, as `matches` asks. */
export function patternTerm(pattern: Pattern): string {
  if (pattern.kind === "choice") return `(re.union ${pattern.options.map(patternTerm).join(" ")})`;
  const parts = pattern.kind === "sequence" ? [...pattern.parts] : [pattern];
  const first = parts[0]?.kind === "start" && parts.shift() !== undefined;
  const last = parts.at(-1)?.kind === "end" && parts.pop() !== undefined;
  return concat([...(first ? [] : ["re.all"]), ...parts.map(inner), ...(last ? [] : ["re.all"])]);
}
