/** Operators of two operands, each as the closure its types ask for. */
import { DURATION_MS_MAX, LIST_ITEMS_MAX, STEP_CHARACTERS, STEP_COPIED, STEP_ITEMS, STRING_CHARACTERS_MAX } from "../limits.ts";
import type { Node, Value } from "../types/node.ts";
import type { Closure } from "./closures.ts";
import { equal } from "./equal.ts";
import { failed } from "./failure.ts";
import { add, divide, multiply, remainder, subtract, type Integer } from "./integers.ts";
import { compareText } from "./strings.ts";

type Binary = Extract<Node, { readonly kind: "binary" }>;

/** CEL compares ints of any size, doubles and times as JavaScript does; two forms of an int too. */
function ordered(op: string, left: Closure, right: Closure): Closure<boolean> | null {
  switch (op) {
    case "<":
      return (event, around) => left(event, around) < right(event, around);
    case "<=":
      return (event, around) => left(event, around) <= right(event, around);
    case ">":
      return (event, around) => left(event, around) > right(event, around);
    case ">=":
      return (event, around) => left(event, around) >= right(event, around);
    default:
      return null;
  }
}

type Burn = (steps: number) => void;

function orderedText(op: string, left: Closure, right: Closure, burn: Burn): Closure<boolean> | null {
  const compared: Closure = (event, around) => {
    const [a, b] = [left(event, around) as string, right(event, around) as string];
    burn(Math.floor(Math.min(a.length, b.length) / STEP_CHARACTERS));
    return compareText(a, b);
  };
  return ordered(op, compared, () => 0);
}

/** The closure of a relation, or `null` for any other operator. */
export function comparison({ op, left: { type }, right: { type: other } }: Binary, left: Closure, right: Closure, burn: Burn): Closure<boolean> | null {
  const deep = type.name === "list" || other.name === "list";
  switch (op) {
    case "==":
      return deep ? (event, around) => equal(left(event, around), right(event, around), burn) : (event, around) => left(event, around) === right(event, around);
    case "!=":
      return deep ? (event, around) => !equal(left(event, around), right(event, around), burn) : (event, around) => left(event, around) !== right(event, around);
    case "in":
      return (event, around) => {
        const item = left(event, around);
        const items = right(event, around) as readonly Value[];
        burn(Math.floor(items.length / STEP_ITEMS));
        return items.some((one) => equal(item, one, burn));
      };
    default:
      return type.name === "string" ? orderedText(op, left, right, burn) : ordered(op, left, right);
  }
}

function joinLists(a: readonly Value[], b: readonly Value[]): readonly Value[] {
  if (a.length + b.length > LIST_ITEMS_MAX) throw failed(`a list has more than ${LIST_ITEMS_MAX} items`);
  return [...a, ...b];
}

function joinText(a: string, b: string, burn: Burn): string {
  burn(Math.floor((a.length + b.length) / STEP_COPIED));
  if (a.length + b.length > STRING_CHARACTERS_MAX) throw failed(`a string has more than ${STRING_CHARACTERS_MAX} characters`);
  return a + b;
}

function time(ms: number): number {
  if (Math.abs(ms) > DURATION_MS_MAX) throw failed("a duration is longer than 10,000 years");
  return ms;
}

const INTEGERS: Readonly<Record<string, (a: Integer, b: Integer) => Integer>> = { "+": add, "-": subtract, "*": multiply, "/": divide, "%": remainder };
const DOUBLES: Readonly<Record<string, (a: number, b: number) => number>> = { "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b };
const TIMES: Readonly<Record<string, (a: number, b: number) => number>> = { "+": (a, b) => time(a + b), "-": (a, b) => time(a - b) };

/** The closure of + - * / %. The checker let nothing else through. */
export function arithmetic({ op, type }: Binary, left: Closure, right: Closure, burn: Burn): Closure {
  const doubles = type.name === "double" ? DOUBLES[op] : type.name === "duration" ? TIMES[op] : undefined;
  if (doubles !== undefined) return (event, around) => doubles(left(event, around) as number, right(event, around) as number);
  if (type.name === "list") {
    return (event, around) => {
      const joined = joinLists(left(event, around) as readonly Value[], right(event, around) as readonly Value[]);
      burn(joined.length);
      return joined;
    };
  }
  if (type.name === "string") return (event, around) => joinText(left(event, around) as string, right(event, around) as string, burn);
  const integers = INTEGERS[op];
  if (integers === undefined) throw new TypeError(`no closure for ${op} of ${type.name}`);
  return (event, around) => integers(left(event, around) as Integer, right(event, around) as Integer);
}
