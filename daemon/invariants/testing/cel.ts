/** The same expression and event for @marcbachmann/cel-js, and what is known to differ there. */
import { Environment, EvaluationError, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";
import { parseExpression } from "../syntax/formula.ts";
import { print } from "../syntax/print.ts";
import { check } from "../types/check.ts";
import type { Value } from "../types/node.ts";
import { BOOL, type Type } from "../types/type.ts";
import { Dice, Expressions, FIELDS, randomEvent } from "./expressions.ts";
import { evaluated, plainEvent, SCOPE, shown } from "./plain.ts";
import { interpret, type Plain, type Quirk } from "./reference.ts";

const celType = (type: Type): string => (type.name === "duration" ? "google.protobuf.Duration" : type.name === "list" ? `list<${celType(type.item)}>` : type.name);

const environment = (): Environment => {
  const made = new Environment();
  for (const [name, { type }] of FIELDS) made.registerVariable(name, celType(type));
  return made;
};
const ENVIRONMENT = environment();

function toCel(value: Value, type: Type): unknown {
  if (Array.isArray(value)) return value.map((item: Value) => toCel(item, type.name === "list" ? type.item : type));
  if (type.name === "duration") return ENVIRONMENT.evaluate(`duration("${value as number}ms")`);
  return type.name === "int" ? BigInt(value as number) : value;
}

function fromCel(value: unknown): Plain {
  if (Array.isArray(value)) return value.map(fromCel);
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  throw new TypeError(`a result that is no value: ${typeof value}`);
}

type CelResult = { readonly value: Plain } | { readonly error: string; readonly at: "parse" | "types" | "evaluation" };

export function celResult(text: string, event: Readonly<Record<string, unknown>>): CelResult {
  const given = Object.fromEntries(Object.entries(event).map(([name, value]) => [name, toCel(value as Value, FIELDS.get(name)!.type)]));
  try {
    return { value: fromCel(ENVIRONMENT.evaluate(text, given)) };
  } catch (error) {
    if (error instanceof ParseError) return { error: error.message, at: "parse" };
    if (error instanceof CelTypeError) return { error: error.message, at: "types" };
    if (error instanceof EvaluationError || error instanceof RangeError) return { error: error.message, at: "evaluation" };
    throw error;
  }
}

/** Where that library (8.0.0) answers otherwise than CEL's definition (cel-spec doc/langdef.md); `event` shows it. */
export const DIFFERENCES: readonly { readonly quirk: Quirk; readonly why: string; readonly text: string; readonly ours: string; readonly theirs: string }[] = [
  { quirk: "negation-unbounded", why: "-x of the smallest int is an overflow, and it gives 2^63", text: "-i1 == 0", ours: "error", theirs: "false" },
  { quirk: "division-unbounded", why: "the smallest int divided by -1 is an overflow, and it gives 2^63", text: "i1 / -1 == 0", ours: "error", theirs: "false" },
  { quirk: "int-unbounded", why: "int(double) beyond 64 bits is an error, and it gives a larger number", text: "int(1e308) == 0", ours: "error", theirs: "false" },
  { quirk: "units-ordered", why: "strings are ordered by code points, and it orders them by UTF-16 units", text: "'\\U0001f600' < '\\uff5e'", ours: "false", theirs: "true" },
  { quirk: "units-matched", why: "a pattern sees characters, and there it sees UTF-16 units", text: "'\\U0001f600'.matches('^.$')", ours: "true", theirs: "false" },
  { quirk: "same-list-equal", why: "a list with NaN is not equal to itself, and there it is", text: "ld1 == ld1", ours: "false", theirs: "true" },
  { quirk: "duration-unbounded", why: "a duration beyond 10,000 years is an overflow, and there it goes on", text: "t1 + t1 > t1", ours: "error", theirs: "true" },
];

const ALL: ReadonlySet<Quirk> = new Set(DIFFERENCES.map(({ quirk }) => quirk));

export interface Tally {
  readonly pairs: number;
  /** Pairs on which both gave a value, by that value, and on which both gave none. */
  readonly agreed: Readonly<Record<string, number>>;
  /** Pairs on which that library differs from us and from CEL, all of them explained. */
  readonly explained: number;
  /** The first disagreements that nothing explains. */
  readonly unexplained: readonly string[];
}

/** Compares both on `pairs` random expressions and events. */
export function compare(seed: number, pairs: number): Tally {
  const dice = new Dice(seed);
  const agreed: Record<string, number> = {};
  const unexplained: string[] = [];
  let explained = 0;
  for (let i = 0; i < pairs; i++) {
    const text = print(new Expressions(dice).of(BOOL, 2 + dice.below(3)));
    const node = check(parseExpression(text), SCOPE);
    const event = randomEvent(dice);
    const ours = shown(evaluated(node, event));
    const theirs = shown(celResult(text, event));
    if (ours === theirs) agreed[ours] = (agreed[ours] ?? 0) + 1;
    // Not waved through because such a thing occurs in it: the reference, with their ways, must say what they say, and without them what we say.
    else if (theirs === shown(interpret(node, plainEvent(event), { values: new Map(), quirks: ALL })) && ours === shown(interpret(node, plainEvent(event)))) explained += 1;
    else if (unexplained.length < 5) unexplained.push(`${text} of ${Bun.inspect(event)}: ours ${ours}, theirs ${theirs}`);
  }
  return { pairs, agreed, explained, unexplained };
}
