/**
 * Conditions as JavaScript that a person can read, in a test that stands alone: exactly what the closures say, a part
 * without a value included. Integers are bigints; fields are read as `now.x` and `old.x`, which check their type.
 */
import { typeText, type Type } from "../types/type.ts";
import type { Local, Node, Value } from "../types/node.ts";
import { emitted, NotExpressible, type Emitted } from "./expressible.ts";
import { JS_FUNCTIONS } from "./js-functions.ts";

export interface JsText {
  readonly text: string;
  /** What of `now`, `old`, `has` and `had` the text speaks of, in that order. */
  readonly given: readonly ("now" | "old" | "has" | "had")[];
  /** Names of `JS_FUNCTIONS` that it calls. */
  readonly calls: readonly string[];
}

const wholeNumber = (type: Type): boolean => type.name === "int" || type.name === "money";
const grouped = (digits: string): string => (digits.length < 5 ? digits : digits.replace(/\B(?=(?:[0-9]{3})+$)/g, "_"));

function number(value: number | bigint, type: Type): string {
  if (wholeNumber(type)) {
    const whole = BigInt(value);
    return whole < 0n ? `(-${grouped(String(-whole))}n)` : `${grouped(String(whole))}n`;
  }
  return Object.is(value, -0) || value < 0 ? `(-${String(-value)})` : String(value);
}

class JsEmitter {
  readonly given = new Set<string>();
  readonly calls = new Set<string>();
  readonly #locals = new Map<Local, string>();
  #past = false;

  private call(name: keyof typeof JS_FUNCTIONS, ...args: readonly string[]): string {
    this.calls.add(name);
    return `${name}(${args.join(", ")})`;
  }

  /** Where false and no value come to the same, `&&` is JavaScript's own. */
  top(node: Node): string {
    return node.kind === "binary" && node.op === "&&" ? `${this.top(node.left)} && ${this.top(node.right)}` : this.emit(node);
  }

  emit(node: Node): string {
    switch (node.kind) {
      case "literal":
        return this.literal(node.value, node.type);
      case "field": {
        const from = this.#past ? "old" : "now";
        this.given.add(from);
        return `${from}.${node.name}`;
      }
      case "local":
        return this.#locals.get(node.local)!;
      case "has": {
        const asked = this.#past ? "had" : "has";
        this.given.add(asked);
        return `${asked}(${JSON.stringify(node.name)})`;
      }
      case "key":
      case "count":
        throw new NotExpressible("keys and counts of a monitor: a property test looks at one state and the one before");
      case "matches":
        throw new NotExpressible("matches: JavaScript's patterns may take time without end, so a test of them would not be the rule");
      case "old":
        return this.past(node.operand);
      case "list":
        return `[${node.items.map((item) => this.emit(item)).join(", ")}]`;
      case "index":
        return this.call("at", this.emit(node.object), this.emit(node.index));
      case "not":
        return `!${this.within(node.operand)}`;
      case "negate":
        return wholeNumber(node.type) ? this.call("int64", `-${this.within(node.operand)}`) : `(-${this.within(node.operand)})`;
      case "binary":
        return this.binary(node);
      case "cond":
        return `(${this.emit(node.test)} ? ${this.emit(node.then)} : ${this.emit(node.else)})`;
      case "call":
        return this.builtin(node);
      case "macro":
        return this.macro(node);
    }
  }

  private past(operand: Node): string {
    const [before, written] = [this.#past, ((this.#past = true), this.emit(operand))];
    this.#past = before;
    return written;
  }

  private literal(value: Value, type: Type): string {
    if (typeof value === "number" || typeof value === "bigint") return number(value, type);
    return typeof value === "object" ? `[${value.map((item) => this.literal(item, type.name === "list" ? type.item : type)).join(", ")}]` : JSON.stringify(value);
  }

  /** A relation in parentheses; everything else binds tighter than what may stand around it. Of `old(x)` nothing but x is written. */
  private within(node: Node): string {
    const text = this.emit(node);
    const written = node.kind === "old" ? node.operand : node;
    return written.kind === "binary" && /^[=!<>]/.test(written.op) ? `(${text})` : text;
  }

  private binary(node: Extract<Node, { readonly kind: "binary" }>): string {
    const { op, left, right, type } = node;
    if (op === "&&" || op === "||") return this.call(op === "&&" ? "both" : "either", `() => ${this.emit(left)}`, `() => ${this.emit(right)}`);
    if (op === "in") return this.call("isIn", this.emit(left), this.emit(right));
    const lists = left.type.name === "list" || right.type.name === "list";
    if (op === "==" || op === "!=") {
      if (lists) return `${op === "!=" ? "!" : ""}${this.call("same", this.emit(left), this.emit(right))}`;
      return `${this.within(left)} ${op}= ${this.within(right)}`;
    }
    if (/^[<>]/.test(op)) {
      if (left.type.name === "string" || left.type.name === "enum") return `${this.call("order", this.emit(left), this.emit(right))} ${op} 0`;
      return `${this.within(left)} ${op} ${this.within(right)}`;
    }
    if (lists) return this.call("joined", this.emit(left), this.emit(right));
    const plain = `${this.within(left)} ${op} ${this.within(right)}`;
    if (wholeNumber(type)) return this.call("int64", plain);
    return type.name === "duration" ? this.call("time", plain) : `(${plain})`;
  }

  private builtin({ name, args }: Extract<Node, { readonly kind: "call" }>): string {
    const [first, second] = args as [Node, Node];
    switch (name) {
      case "size":
        return first.type.name === "list" ? `BigInt(${this.emit(first)}.length)` : `BigInt([...${this.emit(first)}].length)`;
      case "startsWith":
      case "endsWith":
        return `${this.within(first)}.${name}(${this.emit(second)})`;
      case "contains":
        return `${this.within(first)}.includes(${this.emit(second)})`;
      case "int":
        return wholeNumber(first.type) ? this.emit(first) : this.call("int64", `BigInt(Math.trunc(${this.emit(first)}))`);
      case "double":
        return first.type.name === "double" ? this.emit(first) : `Number(${this.emit(first)})`;
    }
  }

  private macro({ macro, list, local, body }: Extract<Node, { readonly kind: "macro" }>): string {
    const items = this.within(list);
    const name = `each${this.#locals.size === 0 ? "" : this.#locals.size + 1}`;
    this.#locals.set(local, name);
    const each = `(${name}) => ${this.emit(body)}`;
    switch (macro) {
      case "all":
        return this.call("every", items, each);
      case "exists":
        return this.call("some", items, each);
      case "exists_one":
        return `(${items}.filter(${each}).length === 1)`;
      case "filter":
      case "map":
        return `${items}.${macro}(${each})`;
    }
  }
}

const GIVEN = ["now", "old", "has", "had"] as const;

/** True where the condition holds; false, or thrown, where it does not. */
export function emitJs(node: Node): Emitted<JsText> {
  return emitted(() => {
    const emitter = new JsEmitter();
    const text = emitter.top(node);
    return { text, given: GIVEN.filter((name) => emitter.given.has(name)), calls: [...emitter.calls].sort() };
  });
}

/** How a field of that type is read out of a value, and what that calls. */
export function jsReader(type: Type): string {
  switch (type.name) {
    case "int":
    case "money":
      return "whole";
    case "double":
      return "real";
    case "bool":
      return "truth";
    case "duration":
      return "milliseconds";
    case "string":
      return "text";
    case "enum":
      return `oneOf(${JSON.stringify(type.members).replaceAll(",", ", ")})`;
    case "list":
      return `listOf(${jsReader(type.item)})`;
    case "nothing":
      throw new TypeError(`no field is of type ${typeText(type)}`);
  }
}
