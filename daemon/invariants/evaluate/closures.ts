/**
 * A typed expression as a closure: no code is made from text, so it runs
 * under any content security policy. A part that has no value throws
 * `Failure`; && and || absorb it where the other side decides (cel-spec
 * doc/langdef.md, logical operators).
 */
import { FUEL_MAX, STEP_CHARACTERS, STEP_COPIED, STEP_ITEMS, STEP_PLACES } from "../limits.ts";
import { matcher, MATCHED_CHARACTERS_MAX } from "../pattern/match.ts";
import { everyNode, type Local, type Node, type Value } from "../types/node.ts";
import type { Type } from "../types/type.ts";
import { arithmetic, comparison } from "./binary.ts";
import { failed, Failure, missing } from "./failure.ts";
import { fromDouble, negate, type Integer } from "./integers.ts";
import { pointsIn } from "./strings.ts";
import { present, readField, type Context } from "./values.ts";

/** What an evaluation may look at besides the event itself. */
export interface Around {
  /** The event before the action, for `old(x)`. */
  readonly old?: Context;
  /** The values of `$key`. */
  readonly keys?: Context;
  /** What the monitor counted, in the order of the formula's counts. */
  readonly counts?: readonly number[];
}

export type Closure<T extends Value = Value> = (event: Context, around: Around) => T;

/** Values of macro variables, and the steps that are left: one evaluation at a time, as nothing in it waits. */
export class Frame {
  readonly locals = new Map<Local, { value: Value }>();
  fuel = FUEL_MAX;
  /** Fields that are lists, as this evaluation read them. */
  readonly lists: (readonly Value[] | Failure | undefined)[] = [];
  slots = 0;

  /** Before the next evaluation: nothing of an event is kept. */
  clear(): void {
    this.fuel = FUEL_MAX;
    if (this.lists.length > 0) this.lists.length = 0;
  }

  cell(local: Local): { value: Value } {
    const known = this.locals.get(local) ?? { value: false };
    this.locals.set(local, known);
    return known;
  }

  burn(steps = 1): void {
    this.fuel -= steps;
    if (this.fuel < 0) throw failed(`more than ${FUEL_MAX} steps over lists and long texts`);
  }
}

/** Items of a list and of the lists in it. */
const itemsIn = (list: readonly Value[]): number => list.reduce<number>((sum, item) => sum + (typeof item === "object" ? itemsIn(item) : 1), list.length);

function readList(event: Context, name: string, type: Type, frame: Frame): readonly Value[] | Failure {
  try {
    const list = readField(event, name, type) as readonly Value[];
    frame.burn(Math.floor(itemsIn(list) / STEP_ITEMS));
    return list;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** A list is read once in an evaluation, however often a macro asks. */
function listField(name: string, type: Type, frame: Frame): Closure {
  const slot = frame.slots++;
  return (event) => {
    const known = (frame.lists[slot] ??= readList(event, name, type, frame));
    if (known instanceof Failure) throw known;
    return known;
  };
}

function field(name: string, type: Type, frame: Frame): Closure {
  switch (type.name) {
    // The common cases without a call: readField decides whatever is not plainly right.
    case "int":
    case "money":
      return (event) => {
        const value = event[name];
        return typeof value === "number" && Number.isSafeInteger(value) && Object.hasOwn(event, name) ? value + 0 : readField(event, name, type);
      };
    case "bool":
      return (event) => {
        const value = event[name];
        return typeof value === "boolean" && Object.hasOwn(event, name) ? value : readField(event, name, type);
      };
    case "list":
      return listField(name, type, frame);
    case "string":
      return (event) => {
        const text = readField(event, name, type) as string;
        if (text.length >= STEP_COPIED) frame.burn(Math.floor(text.length / STEP_COPIED));
        return text;
      };
    default:
      return (event) => readField(event, name, type);
  }
}

/** The side that decides wins over the other side's error, whichever comes first. */
function logical(decisive: boolean, left: Closure, right: Closure): Closure<boolean> {
  return (event, around) => {
    let first: Value;
    try {
      first = left(event, around);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (right(event, around) === decisive) return decisive;
      throw error;
    }
    return first === decisive ? decisive : right(event, around) === true;
  };
}

/** What a text is looked at for. */
function part(value: Value, frame: Frame): string {
  const text = value as string;
  if (text.length >= STEP_COPIED) frame.burn(Math.floor(text.length / STEP_COPIED));
  return text;
}

function call(node: Extract<Node, { readonly kind: "call" }>, frame: Frame): Closure {
  const [first, second] = node.args.map((argument) => build(argument, frame)) as [Closure, Closure];
  const from = node.args[0]?.type.name;
  switch (node.name) {
    case "size":
      return from === "list" ? (event, around) => (first(event, around) as readonly Value[]).length : (event, around) => {
        const text = first(event, around) as string;
        frame.burn(Math.floor(text.length / STEP_CHARACTERS));
        return pointsIn(text);
      };
    case "startsWith":
      return (event, around) => (first(event, around) as string).startsWith(part(second(event, around), frame));
    case "endsWith":
      return (event, around) => (first(event, around) as string).endsWith(part(second(event, around), frame));
    case "contains":
      return (event, around) => {
        const text = first(event, around) as string;
        frame.burn(1 + (text.length >> 4));
        return text.includes(second(event, around) as string);
      };
    case "int":
      return from === "int" ? first : (event, around) => fromDouble(first(event, around) as number);
    case "double":
      return from === "double" ? first : (event, around) => Number(first(event, around) as Integer);
  }
}

function index(object: Closure, at: Closure): Closure {
  return (event, around) => {
    const items = object(event, around) as readonly Value[];
    const place = at(event, around) as Integer;
    const item = typeof place === "number" ? items[place] : undefined;
    if (item === undefined) throw failed("an index is outside its list");
    return item;
  };
}

/** `all` and `exists`: one deciding item outweighs the errors of all others. */
function quantifier(list: Closure, cell: { value: Value }, body: Closure, decisive: boolean, step: () => void): Closure<boolean> {
  return (event, around) => {
    let failure: Failure | null = null;
    for (const item of list(event, around) as readonly Value[]) {
      step();
      cell.value = item;
      try {
        if (body(event, around) === decisive) return decisive;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
    return !decisive;
  };
}

/** Of one item of a macro: a body of many parts takes more. */
export const stepsOf = ({ body }: Extract<Node, { readonly kind: "macro" }>): number => 1 + Math.floor([...everyNode(body)].length / STEP_ITEMS);

function macro(node: Extract<Node, { readonly kind: "macro" }>, frame: Frame): Closure {
  const list = build(node.list, frame);
  const cell = frame.cell(node.local);
  const body = build(node.body, frame);
  const steps = stepsOf(node);
  const step = (): void => frame.burn(steps);
  const each = (event: Context, around: Around): [item: Value, result: Value][] =>
    (list(event, around) as readonly Value[]).map((item) => {
      step();
      cell.value = item;
      return [item, body(event, around)];
    });
  switch (node.macro) {
    case "all":
      return quantifier(list, cell, body, false, step);
    case "exists":
      return quantifier(list, cell, body, true, step);
    case "exists_one":
      return (event, around) => each(event, around).filter(([, result]) => result === true).length === 1;
    case "map":
      return (event, around) => each(event, around).map(([, result]) => result);
    case "filter":
      return (event, around) => each(event, around).flatMap(([item, result]) => (result === true ? [item] : []));
  }
}

function matches(node: Extract<Node, { readonly kind: "matches" }>, frame: Frame): Closure {
  const operand = build(node.operand, frame);
  const pattern = matcher(node.pattern);
  const steps = 1 + Math.floor(pattern.places / STEP_PLACES);
  return (event, around) => {
    const text = operand(event, around) as string;
    if (text.length > MATCHED_CHARACTERS_MAX) throw failed(`matches looks at ${MATCHED_CHARACTERS_MAX} characters at most`);
    frame.burn(text.length * steps);
    return pattern.find(text);
  };
}

function before(operand: Closure): Closure {
  return (_event, around) => {
    if (around.old === undefined) throw missing("what was before the action");
    try {
      return operand(around.old, around);
    } catch (error) {
      throw error instanceof Failure ? new Failure(error.because, `before the action, ${error.detail}`) : error;
    }
  };
}

function binary(node: Extract<Node, { readonly kind: "binary" }>, frame: Frame): Closure {
  const left = build(node.left, frame);
  const right = build(node.right, frame);
  const burn = (steps: number): void => frame.burn(steps);
  if (node.op === "&&" || node.op === "||") return logical(node.op === "||", left, right);
  return comparison(node, left, right, burn) ?? arithmetic(node, left, right, burn);
}

/** A closure of `node`; `frame` is its own. */
export function build(node: Node, frame: Frame): Closure {
  switch (node.kind) {
    case "literal":
      return () => node.value;
    case "field":
      return field(node.name, node.type, frame);
    case "key":
      return (_event, { keys = {} }) => readField(keys, node.name, node.type);
    case "local": {
      const cell = frame.cell(node.local);
      return () => cell.value;
    }
    case "has":
      return (event) => present(event, node.name);
    case "old":
      return before(build(node.operand, frame));
    case "list": {
      const items = node.items.map((item) => build(item, frame));
      const steps = Math.floor(items.length / STEP_ITEMS);
      return (event, around) => {
        if (steps > 0) frame.burn(steps);
        return items.map((item) => item(event, around));
      };
    }
    case "index":
      return index(build(node.object, frame), build(node.index, frame));
    case "not": {
      const operand = build(node.operand, frame);
      return (event, around) => operand(event, around) !== true;
    }
    case "negate": {
      const operand = build(node.operand, frame);
      return node.type.name === "double" ? (event, around) => -(operand(event, around) as number) : (event, around) => negate(operand(event, around) as Integer);
    }
    case "binary":
      return binary(node, frame);
    case "cond": {
      const [test, then, otherwise] = [build(node.test, frame), build(node.then, frame), build(node.else, frame)];
      return (event, around) => (test(event, around) === true ? then(event, around) : otherwise(event, around));
    }
    case "call":
      return call(node, frame);
    case "matches":
      return matches(node, frame);
    case "macro":
      return macro(node, frame);
    case "count":
      return (_event, { counts }) => {
        const counted = counts?.[node.index];
        if (counted === undefined) throw missing("a count");
        return counted;
      };
  }
}
