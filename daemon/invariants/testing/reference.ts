/** The obvious interpreter: every int a bigint, every result a value or an error, nothing prepared. Only tests use it. */
import type { Local, Node, Value } from "../types/node.ts";
import type { Type } from "../types/type.ts";
import type { Pattern } from "../pattern/pattern.ts";

export type Plain = boolean | bigint | number | string | Plain[];
export type Result = { readonly value: Plain } | { readonly error: string };
type Event = Readonly<Record<string, Plain>>;

/** Where another implementation is known to leave CEL: switched on, the reference does as it does. */
export type Quirk = "negation-unbounded" | "division-unbounded" | "int-unbounded" | "units-ordered" | "units-matched" | "same-list-equal" | "duration-unbounded";
interface Locals {
  readonly values: ReadonlyMap<Local, Plain>;
  readonly quirks: ReadonlySet<Quirk>;
}

const BITS = 2n ** 63n;
const error = (text: string): Result => ({ error: text });
const value = (plain: Plain): Result => ({ value: plain });

/** Ints as bigints, doubles as numbers; a time is a bigint too. */
export function plainOf(given: Value, type: Type): Plain {
  if (Array.isArray(given)) return given.map((item: Value) => plainOf(item, type.name === "list" ? type.item : type));
  return type.name === "int" || type.name === "money" || type.name === "duration" ? BigInt(given as number) : (given as Plain);
}

function same(a: Plain, b: Plain, quirks: ReadonlySet<Quirk>): boolean {
  if (quirks.has("same-list-equal") && a === b) return true;
  return Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((item, i) => same(item, b[i]!, quirks)) : a === b;
}

function order(a: Plain, b: Plain, quirks: ReadonlySet<Quirk>): number {
  if (typeof a === "string" && typeof b === "string" && !quirks.has("units-ordered")) {
    const [x, y] = [[...a], [...b]].map((points) => points.map((point) => point.codePointAt(0)!));
    for (let i = 0; i < Math.min(x!.length, y!.length); i++) if (x![i] !== y![i]) return x![i]! - y![i]!;
    return x!.length - y!.length;
  }
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}

function arithmetic(op: string, a: Plain, b: Plain, type: Type, quirks: ReadonlySet<Quirk>): Result {
  if (Array.isArray(a) && Array.isArray(b)) return value([...a, ...b]);
  if (typeof a === "string" && typeof b === "string") return value(a + b);
  if (typeof a === "number" && typeof b === "number") return value(op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : a / b);
  if (typeof a !== "bigint" || typeof b !== "bigint") throw new TypeError(`${op} of ${typeof a} and ${typeof b}`);
  if ((op === "/" || op === "%") && b === 0n) return error("zero");
  const result = op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : op === "/" ? a / b : a % b;
  if (op === "/" && quirks.has("division-unbounded")) return value(result);
  if (type.name === "duration" && quirks.has("duration-unbounded")) return value(result);
  const limit = type.name === "duration" ? 315_576_000_000_000n + 1n : BITS;
  return result >= limit || result < -limit || (type.name === "duration" && result <= -limit) ? error("overflow") : value(result);
}

function binary(node: Extract<Node, { readonly kind: "binary" }>, event: Event, locals: Locals): Result {
  const left = interpret(node.left, event, locals);
  const right = interpret(node.right, event, locals);
  if (node.op === "&&" || node.op === "||") {
    const decisive = node.op === "||";
    for (const side of [left, right]) if ("value" in side && side.value === decisive) return value(decisive);
    return "error" in left ? left : "error" in right ? right : value(!decisive);
  }
  if ("error" in left) return left;
  if ("error" in right) return right;
  const [a, b] = [left.value, right.value];
  switch (node.op) {
    case "==":
      return value(same(a, b, locals.quirks));
    case "!=":
      return value(!same(a, b, locals.quirks));
    case "in":
      return value((b as Plain[]).some((one) => same(a, one, locals.quirks)));
    case "<":
      return value(order(a, b, locals.quirks) < 0);
    case "<=":
      return value(order(a, b, locals.quirks) <= 0);
    case ">":
      return value(order(a, b, locals.quirks) > 0);
    case ">=":
      return value(order(a, b, locals.quirks) >= 0);
    default:
      return arithmetic(node.op, a, b, node.type, locals.quirks);
  }
}

function macro(node: Extract<Node, { readonly kind: "macro" }>, event: Event, locals: Locals): Result {
  const list = interpret(node.list, event, locals);
  if ("error" in list) return list;
  const items = list.value as Plain[];
  const results = items.map((item) => interpret(node.body, event, { ...locals, values: new Map(locals.values).set(node.local, item) }));
  const broken = results.find((one) => "error" in one);
  const count = (wanted: boolean): number => results.filter((one) => "value" in one && one.value === wanted).length;
  switch (node.macro) {
    case "all":
      return count(false) > 0 ? value(false) : (broken ?? value(true));
    case "exists":
      return count(true) > 0 ? value(true) : (broken ?? value(false));
    case "exists_one":
      return broken ?? value(count(true) === 1);
    case "map":
      return broken ?? value(results.map((one) => ("value" in one ? one.value : false)));
    case "filter":
      return broken ?? value(items.filter((_, i) => Reflect.get(results[i]!, "value") === true));
  }
}

/** By all ways through the pattern, from each place: the ends of every match that starts at `at`. */
function ends(pattern: Pattern, points: readonly number[], at: number): Set<number> {
  switch (pattern.kind) {
    case "set":
      return new Set(points[at] !== undefined && pattern.ranges.some(([from, to]) => points[at]! >= from && points[at]! <= to) ? [at + 1] : []);
    case "start":
      return new Set(at === 0 ? [at] : []);
    case "end":
      return new Set(at === points.length ? [at] : []);
    case "sequence":
      return pattern.parts.reduce((places, part) => new Set([...places].flatMap((place) => [...ends(part, points, place)])), new Set([at]));
    case "choice":
      return new Set(pattern.options.flatMap((option) => [...ends(option, points, at)]));
    case "repeat": {
      const found = new Set<number>();
      let places = new Set([at]);
      for (let times = 0; places.size > 0 && times <= (pattern.max ?? points.length + pattern.min); times++) {
        if (times >= pattern.min) for (const place of places) found.add(place);
        places = new Set([...places].flatMap((place) => [...ends(pattern.body, points, place)]));
      }
      return found;
    }
  }
}

export function found(pattern: Pattern, text: string, units = false): boolean {
  const points = (units ? text.split("") : [...text]).map((character) => character.codePointAt(0)!);
  return [...points, 0].some((_, at) => ends(pattern, points, at).size > 0);
}

function call(node: Extract<Node, { readonly kind: "call" }>, event: Event, locals: Locals): Result {
  const args: Plain[] = [];
  for (const argument of node.args) {
    const result = interpret(argument, event, locals);
    if ("error" in result) return result;
    args.push(result.value);
  }
  const [a, b] = args;
  switch (node.name) {
    case "size":
      return value(BigInt(typeof a === "string" ? [...a].length : (a as Plain[]).length));
    case "startsWith":
      return value((a as string).indexOf(b as string) === 0);
    case "endsWith":
      return value((a as string).slice((a as string).length - (b as string).length) === b && (b as string).length <= (a as string).length);
    case "contains":
      return value((a as string).split(b as string).length > 1 || b === "");
    case "double":
      return value(Number(a));
    case "int": {
      if (typeof a === "bigint") return value(a);
      if (typeof a !== "number" || !Number.isFinite(a)) return error("no int");
      const whole = BigInt(Math.trunc(a));
      return (whole >= BITS || whole < -BITS) && !locals.quirks.has("int-unbounded") ? error("overflow") : value(whole);
    }
  }
}

function negate(result: Result, quirks: ReadonlySet<Quirk>): Result {
  if ("error" in result) return result;
  if (typeof result.value === "number") return value(-result.value);
  return result.value === -BITS && !quirks.has("negation-unbounded") ? error("overflow") : value(-(result.value as bigint));
}

export function interpret(node: Node, event: Event, locals: Locals = { values: new Map(), quirks: new Set() }): Result {
  switch (node.kind) {
    case "literal":
      return value(plainOf(node.value, node.type));
    case "field":
      return Object.hasOwn(event, node.name) ? value(event[node.name]!) : error(`${node.name} is missing`);
    case "local":
      return value(locals.values.get(node.local)!);
    case "has":
      return value(Object.hasOwn(event, node.name));
    case "list": {
      const items = node.items.map((item) => interpret(item, event, locals));
      return items.find((item) => "error" in item) ?? value(items.map((item) => ("value" in item ? item.value : false)));
    }
    case "index": {
      const object = interpret(node.object, event, locals);
      const at = interpret(node.index, event, locals);
      if ("error" in object) return object;
      if ("error" in at) return at;
      const items = object.value as Plain[];
      const place = at.value as bigint;
      return place >= 0n && place < BigInt(items.length) ? value(items[Number(place)]!) : error("outside");
    }
    case "not": {
      const operand = interpret(node.operand, event, locals);
      return "error" in operand ? operand : value(operand.value !== true);
    }
    case "negate":
      return negate(interpret(node.operand, event, locals), locals.quirks);
    case "binary":
      return binary(node, event, locals);
    case "cond": {
      const test = interpret(node.test, event, locals);
      return "error" in test ? test : interpret(test.value === true ? node.then : node.else, event, locals);
    }
    case "call":
      return call(node, event, locals);
    case "matches": {
      const operand = interpret(node.operand, event, locals);
      return "error" in operand ? operand : value(found(node.pattern, operand.value as string, locals.quirks.has("units-matched")));
    }
    case "macro":
      return macro(node, event, locals);
    default:
      throw new TypeError(`the reference knows no ${node.kind}`);
  }
}
