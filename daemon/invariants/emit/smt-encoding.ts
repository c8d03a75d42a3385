/** How a value of each type stands in a query, and how it comes in from an event. */
import { DURATION_MS_MAX, INT_MAX, INT_MIN } from "../limits.ts";
import type { Type } from "../types/type.ts";
import { NotExpressible } from "./expressible.ts";
import { and, doubleTerm, integerTerm, not, or, stringTerm } from "./smt-text.ts";

/**
 * CEL's three answers in two-valued logic: `t` where a condition is true, `f`
 * where it is false, neither where it is an error. Any other value has `d`,
 * whether there is one. A list's items each say whether they are `on` it.
 */
export type Encoded =
  | { readonly kind: "bool"; readonly t: string; readonly f: string }
  | { readonly kind: "value"; readonly v: string; readonly d: string }
  | { readonly kind: "list"; readonly items: readonly { readonly on: string; readonly item: Encoded }[]; readonly d: string; /** Whether the items that are on it come first, so that places mean something. */ readonly dense: boolean };

export const definedness = (one: Encoded): string => (one.kind === "bool" ? or(one.t, one.f) : one.d);

function sortOf(type: Type): string {
  switch (type.name) {
    case "int":
    case "money":
    case "duration":
      return "Int";
    case "double":
      return "(_ FloatingPoint 11 53)";
    case "bool":
      return "Bool";
    case "string":
    case "enum":
      return "String";
    default:
      throw new NotExpressible(`a ${type.name} inside a list`);
  }
}

const between = (term: string, low: bigint, high: bigint): string => and(`(<= ${integerTerm(low)} ${term})`, `(<= ${term} ${integerTerm(high)})`);

/** Beyond which a number is an error: unbounded integers of the solver become 64-bit ones by this. */
export function inRange(term: string, type: Type): string {
  return type.name === "duration" ? between(term, BigInt(-DURATION_MS_MAX), BigInt(DURATION_MS_MAX)) : between(term, INT_MIN, INT_MAX);
}

/** The lines of one query, in the order the solver needs them. */
export class Query {
  readonly lines: string[] = [];
  readonly #declared = new Map<string, Encoded>();
  #count = 0;
  #cut = false;

  constructor(private readonly list_items_max: number) {}

  /** A name for a term, so that using it twice does not write it twice. */
  named(sort: string, term: string): string {
    if (/^[^ ()]+$/.test(term)) return term;
    const name = `t.${this.#count++}`;
    this.lines.push(`(declare-const ${name} ${sort})`, `(assert (= ${name} ${term}))`);
    return name;
  }

  bool(t: string, f: string): Encoded {
    return { kind: "bool", t: this.named("Bool", t), f: this.named("Bool", f) };
  }

  value(type: Type, v: string, d: string): Encoded {
    return { kind: "value", v: this.named(sortOf(type), v), d: this.named("Bool", d) };
  }

  /** Whether a list from outside was cut to a length, so that "there are no such values" speaks of short ones alone. */
  get cut(): boolean {
    return this.#cut;
  }

  /** A field may be called `and`, which a solver keeps for itself; with a space in it, no name is a solver's own. */
  private declare(name: string, sort: string): string {
    const symbol = `|${/^[^ $]+$/.test(name) ? `field ${name}` : name}|`;
    this.lines.push(`(declare-const ${symbol} ${sort})`);
    return symbol;
  }

  /** Whether a field is there. */
  present(name: string): string {
    const known = this.#declared.get(`has ${name}`);
    if (known?.kind === "bool") return known.t;
    const term = this.declare(`has ${name}`, "Bool");
    this.#declared.set(`has ${name}`, { kind: "bool", t: term, f: not(term) });
    return term;
  }

  /** What comes from outside, with the domain of its type; `present` is a condition for it. */
  outside(name: string, type: Type, present: string): Encoded {
    const known = this.#declared.get(name) ?? this.fresh(name, type, present);
    this.#declared.set(name, known);
    return known;
  }

  private fresh(name: string, type: Type, present: string): Encoded {
    if (type.name === "list") return this.list(name, type.item, present);
    const term = this.declare(name, sortOf(type));
    if (type.name === "int" || type.name === "money" || type.name === "duration") this.lines.push(`(assert ${inRange(term, type)})`);
    if (type.name === "enum") this.lines.push(`(assert ${or(...type.members.map((member) => `(= ${term} ${stringTerm(member)})`))})`);
    return type.name === "bool" ? { kind: "bool", t: and(present, term), f: and(present, not(term)) } : { kind: "value", v: term, d: present };
  }

  /** Size and places behind a mark that no name has: beside a list called `has`, `has size` is another thing. */
  private list(name: string, item: Type, present: string): Encoded {
    this.#cut = true;
    const length = this.declare(`${name}#size`, "Int");
    this.lines.push(`(assert (and (<= 0 ${length}) (<= ${length} ${this.list_items_max})))`);
    const items = Array.from({ length: this.list_items_max }, (_, i) => ({ on: this.named("Bool", `(< ${i} ${length})`), item: this.fresh(`${name}#${i}`, item, "true") }));
    return { kind: "list", items, d: present, dense: true };
  }
}

/** Of a literal. */
export function literalTerm(value: boolean | number | bigint | string, type: Type): string {
  if (typeof value === "string") return stringTerm(value);
  return type.name === "double" ? doubleTerm(Number(value)) : typeof value === "boolean" ? String(value) : integerTerm(BigInt(value));
}
