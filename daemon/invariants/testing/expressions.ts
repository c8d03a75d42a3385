/** Random expressions that have a type, and events for them. */
import type { BinaryOp, Expr, MacroName, Span } from "../../../proto/expr.ts";
import type { Field } from "../types/scope.ts";
import { BOOL, DOUBLE, DURATION, INT, listOf, STRING, type Type } from "../types/type.ts";

/** A small generator with a seed: 100,000 cases cost fast-check's shrinking trees minutes. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Below `n`. */
  below(n: number): number {
    // mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const SPAN: Span = [0, 0];
const INTS = ["0", "1", "2", "3", "-1", "7", "100", "9007199254740991", "9007199254740992", "-9007199254740993", "9223372036854775807", "-9223372036854775808", "4611686018427387904"];
const DOUBLES = ["0.0", "1.0", "-1.5", "0.1", "0.2", "0.3", "1e308", "5e-324", "-0.0", "1e16"];
const STRINGS = ["", "a", "b", "ab", "abc", "Z", "é", "😀", "～", "a b", "a.b", "0"];
const PATTERNS = ["a", "^a", "b$", "^[a-z]+$", "a|b", "(ab)*c", "^a?b{1,2}$", "[^a]", "^.$", "\\\\d"];
const TIMES = ["0", "1", "1000", "60000", "-5000", "90000", "86400000", "315576000000000"];

/** Every field twice, so that two can be compared. */
export const FIELDS: ReadonlyMap<string, Field> = new Map(
  [["i", INT], ["d", DOUBLE], ["b", BOOL], ["s", STRING], ["t", DURATION], ["li", listOf(INT)], ["ls", listOf(STRING)], ["ld", listOf(DOUBLE)]].flatMap(([name, type]) => [1, 2].map((n) => [`${String(name)}${n}`, { type: type as Type, tainted: false }] as const)),
);

type Locals = readonly (readonly [name: string, type: Type])[];

const key = (type: Type): string => (type.name === "list" ? `l${key(type.item)}` : type.name.charAt(0).replace("d", type.name === "duration" ? "t" : "d"));

/** An expression of that type, at most `depth` deep. */
export class Expressions {
  #locals = 0;

  constructor(private readonly dice: Dice) {}

  of(type: Type, depth: number, locals: Locals = []): Expr {
    if (depth <= 0 || this.dice.chance(12)) return this.leaf(type, locals);
    const inner = (one: Type): Expr => this.of(one, depth - 1, locals);
    if (this.dice.chance(8)) return { kind: "cond", test: inner(BOOL), then: inner(type), else: inner(type), span: SPAN };
    if (type.name !== "bool" && this.dice.chance(8) && (type.name === "int" || type.name === "string" || type.name === "double")) return { kind: "index", object: inner(listOf(type)), index: this.leaf(INT, locals), span: SPAN };
    switch (type.name) {
      case "bool":
        return this.bool(depth, locals);
      case "int":
        return this.int(inner);
      case "double":
        return this.dice.chance(15) ? this.call("double", false, [inner(INT)]) : this.binary(this.dice.of(["+", "-", "*", "/"]), inner(type), inner(type));
      case "list":
        return this.list(type.item, depth, locals);
      case "string":
        return this.binary("+", inner(type), inner(type));
      default:
        return this.binary(this.dice.of(["+", "-"]), inner(type), inner(type));
    }
  }

  private leaf(type: Type, locals: Locals): Expr {
    const fitting = locals.filter(([, one]) => key(one) === key(type));
    if (fitting.length > 0 && this.dice.chance(60)) return { kind: "var", name: this.dice.of(fitting)[0], span: SPAN };
    if (this.dice.chance(55)) return { kind: "var", name: `${key(type)}${1 + this.dice.below(2)}`, span: SPAN };
    switch (type.name) {
      case "bool":
        return { kind: "bool", value: this.dice.chance(50), span: SPAN };
      case "int":
        return { kind: "int", value: this.dice.of(INTS), span: SPAN };
      case "double":
        return { kind: "double", value: this.dice.of(DOUBLES), span: SPAN };
      case "duration":
        return { kind: "duration", ms: this.dice.of(TIMES), span: SPAN };
      case "list":
        return { kind: "list", items: Array.from({ length: 1 + this.dice.below(3) }, () => this.leaf(type.item, locals)), span: SPAN };
      default:
        return { kind: "string", value: this.dice.of(STRINGS), span: SPAN };
    }
  }

  private binary(op: BinaryOp, left: Expr, right: Expr): Expr {
    return { kind: "binary", op, left, right, span: SPAN };
  }

  private call(name: string, method: boolean, args: Expr[]): Expr {
    return { kind: "call", name, method, args, span: SPAN };
  }

  private int(inner: (type: Type) => Expr): Expr {
    if (this.dice.chance(10)) return { kind: "unary", op: "-", operand: { kind: "var", name: "i1", span: SPAN }, span: SPAN };
    if (this.dice.chance(12)) return this.call("size", this.dice.chance(50), [inner(this.dice.of([STRING, listOf(INT), listOf(STRING)]))]);
    if (this.dice.chance(6)) return this.call("int", false, [inner(DOUBLE)]);
    return this.binary(this.dice.of(["+", "-", "*", "/", "%"]), inner(INT), inner(INT));
  }

  private macro(macro: MacroName, item: Type, body: Type, depth: number, locals: Locals): Expr {
    const local = `x${this.#locals++ % 4}`;
    return { kind: "macro", macro, list: this.of(listOf(item), depth - 1, locals), local, body: this.of(body, depth - 1, [...locals.filter(([name]) => name !== local), [local, item]]), span: SPAN };
  }

  private list(item: Type, depth: number, locals: Locals): Expr {
    const inner = (): Expr => this.of(listOf(item), depth - 1, locals);
    if (this.dice.chance(30)) return this.macro("filter", item, BOOL, depth, locals);
    if (this.dice.chance(30)) return this.macro("map", this.dice.of([INT, STRING]), item, depth, locals);
    return this.dice.chance(40) ? this.binary("+", inner(), inner()) : { kind: "list", items: Array.from({ length: 1 + this.dice.below(3) }, () => this.of(item, depth - 1, locals)), span: SPAN };
  }

  private bool(depth: number, locals: Locals): Expr {
    const inner = (type: Type): Expr => this.of(type, depth - 1, locals);
    const { dice } = this;
    const item = dice.of([INT, STRING, DOUBLE]);
    switch (dice.below(8)) {
      case 0:
      case 1:
        return this.binary(dice.of(["&&", "||"]), inner(BOOL), inner(BOOL));
      case 2:
        return { kind: "unary", op: "!", operand: inner(BOOL), span: SPAN };
      case 3:
        return this.binary("in", inner(item), inner(listOf(item)));
      case 4:
        return this.macro(dice.of(["all", "exists", "exists_one"]), item, BOOL, depth, locals);
      case 5:
        return this.call(dice.of(["startsWith", "endsWith", "contains"]), true, [inner(STRING), inner(STRING)]);
      case 6:
        return dice.chance(40) ? this.call("matches", true, [inner(STRING), { kind: "string", value: dice.of(PATTERNS).replaceAll("\\\\", "\\"), span: SPAN }]) : this.equality(inner);
      default: {
        const type = dice.of([INT, INT, DOUBLE, STRING, DURATION]);
        return this.binary(dice.of(["<", "<=", ">", ">="]), inner(type), inner(type));
      }
    }
  }

  private equality(inner: (type: Type) => Expr): Expr {
    const type = this.dice.of([INT, DOUBLE, BOOL, STRING, DURATION, listOf(INT), listOf(STRING), listOf(DOUBLE)]);
    return this.binary(this.dice.of(["==", "!="]), inner(type), inner(type));
  }
}

function valueOf(type: Type, dice: Dice): unknown {
  switch (type.name) {
    case "bool":
      return dice.chance(50);
    case "int":
      return BigInt(dice.of(INTS));
    case "double":
      return dice.chance(6) ? dice.of([Number.NaN, Infinity, -Infinity]) : Number(dice.of(DOUBLES));
    case "duration":
      return Number(dice.of(TIMES));
    case "list":
      return Array.from({ length: dice.below(4) }, () => valueOf(type.item, dice));
    default:
      return dice.of(STRINGS);
  }
}

/** An event with `FIELDS`, but for so many percent of them. */
export function randomEvent(dice: Dice, missing_percent = 8): Record<string, unknown> {
  return Object.fromEntries([...FIELDS].filter(() => !dice.chance(missing_percent)).map(([name, { type }]) => [name, valueOf(type, dice)]));
}
