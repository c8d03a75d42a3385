/**
 * A condition as SMT-LIB 2.6, for any solver. Integers are `Int` with the
 * 64-bit range as an obligation at every step (docs/decisions/0018), doubles
 * are exact, lists are unrolled up to a bound that the result states.
 */
import { everyNode, type Local, type Node } from "../types/node.ts";
import type { Type } from "../types/type.ts";
import { emitted, NotExpressible, type Emitted } from "./expressible.ts";
import { definedness, inRange, literalTerm, Query, type Encoded } from "./smt-encoding.ts";
import { arithmetic, equalTerm, relation } from "./smt-relations.ts";
import { and, implies, not, or, patternTerm } from "./smt-text.ts";

export const SMT_LIST_ITEMS_MAX = 4;
/** Lists in lists are written out: ten macros in each other, over four items each, would be a million terms. */
const EMITTED_NODES_MAX = 20_000;

export interface SmtQuery {
  /** Declarations and definitions, a line each; nothing but declare-const and assert. */
  readonly lines: readonly string[];
  /** For each condition, terms of sort Bool: true, false, and neither (an error). Exactly one of them is so in every model. */
  readonly conditions: readonly { readonly holds: string; readonly fails: string; readonly error: string }[];
  /** What the query does not look at. */
  readonly bounds: readonly string[];
  /** Whether that there are no such values is proof. Lists of an event are cut to a length, so of them it is none. */
  readonly complete: boolean;
}

export interface SmtOptions {
  readonly list_items_max?: number;
  /** Whether any field may be missing, and not only those that `has` asks for. */
  readonly any_absent?: boolean;
}

type List = Extract<Encoded, { readonly kind: "list" }>;

function asList(one: Encoded): List {
  if (one.kind !== "list") throw new NotExpressible("a list that is none");
  return one;
}

function asBool(one: Encoded): Extract<Encoded, { readonly kind: "bool" }> {
  if (one.kind !== "bool") throw new NotExpressible("a condition that is none");
  return one;
}

class SmtEmitter {
  readonly query: Query;
  private nodes = 0;

  constructor(list_items_max: number, private readonly maybeAbsent: (field: string) => boolean) {
    this.query = new Query(list_items_max);
  }

  emit(node: Node, locals: ReadonlyMap<Local, Encoded>, prefix = ""): Encoded {
    const { query } = this;
    if (++this.nodes > EMITTED_NODES_MAX) throw new NotExpressible(`written out it has more than ${EMITTED_NODES_MAX} parts`);
    const inner = (one: Node): Encoded => this.emit(one, locals, prefix);
    switch (node.kind) {
      case "literal":
        return this.literal(node.value, node.type);
      case "field": {
        const name = `${prefix}${node.name}`;
        return query.outside(name, node.type, this.maybeAbsent(node.name) ? query.present(name) : "true");
      }
      case "key":
        return query.outside(`$${node.name}`, node.type, "true");
      case "count":
        return query.outside(`count ${node.index}`, node.type, "true");
      case "local":
        return locals.get(node.local)!;
      case "has": {
        const there = query.present(`${prefix}${node.name}`);
        return { kind: "bool", t: there, f: not(there) };
      }
      case "old":
        return this.emit(node.operand, locals, "old ");
      case "list": {
        const items = node.items.map((item) => ({ on: "true", item: inner(item) }));
        return { kind: "list", items, d: query.named("Bool", and(...items.map(({ item }) => definedness(item)))), dense: true };
      }
      case "index":
        return this.index(asList(inner(node.object)), inner(node.index), node.type);
      case "not": {
        const { t, f } = asBool(inner(node.operand));
        return { kind: "bool", t: f, f: t };
      }
      case "negate":
        return this.negate(inner(node.operand), node.type);
      case "binary":
        return this.binary(node, inner(node.left), inner(node.right));
      case "cond":
        return this.cond(asBool(inner(node.test)), inner(node.then), inner(node.else), node.type);
      case "call":
        return this.call(node, node.args.map(inner));
      case "matches": {
        const text = inner(node.operand);
        if (text.kind !== "value") throw new NotExpressible("a pattern over something that is no text");
        const found = query.named("Bool", `(str.in_re ${text.v} ${patternTerm(node.pattern)})`);
        return query.bool(and(text.d, found), and(text.d, not(found)));
      }
      case "macro":
        return this.macro(node, asList(inner(node.list)), locals, prefix);
    }
  }

  private literal(value: Extract<Node, { readonly kind: "literal" }>["value"], type: Type): Encoded {
    if (typeof value === "object") throw new NotExpressible("a list as a literal");
    return typeof value === "boolean" ? { kind: "bool", t: String(value), f: String(!value) } : { kind: "value", v: literalTerm(value, type), d: "true" };
  }

  private negate(operand: Encoded, type: Type): Encoded {
    if (operand.kind !== "value") throw new NotExpressible("the negative of something that is no number");
    if (type.name === "double") return this.query.value(type, `(fp.neg ${operand.v})`, operand.d);
    const v = this.query.named("Int", `(- ${operand.v})`);
    return this.query.value(type, v, and(operand.d, inRange(v, type)));
  }

  private binary(node: Extract<Node, { readonly kind: "binary" }>, left: Encoded, right: Encoded): Encoded {
    const { query } = this;
    if (node.op === "&&" || node.op === "||") {
      const [a, b] = [asBool(left), asBool(right)];
      return node.op === "&&" ? query.bool(and(a.t, b.t), or(a.f, b.f)) : query.bool(or(a.t, b.t), and(a.f, b.f));
    }
    if (node.op === "in") {
      const list = asList(right);
      const d = and(definedness(left), list.d);
      const found = query.named("Bool", or(...list.items.map(({ on, item }) => and(on, equalTerm(left, item, node.left.type)))));
      return query.bool(and(d, found), and(d, not(found)));
    }
    if (node.type.name === "list") {
      const [a, b] = [asList(left), asList(right)];
      return { kind: "list", items: [...a.items, ...b.items], d: and(a.d, b.d), dense: b.dense && a.items.every(({ on }) => on === "true") };
    }
    return node.type.name === "bool" ? relation(query, node.op, left, right, node.left.type) : arithmetic(query, node.op, left, right, node.type);
  }

  private cond(test: Extract<Encoded, { readonly kind: "bool" }>, then: Encoded, otherwise: Encoded, type: Type): Encoded {
    const { t, f } = test;
    if (then.kind === "bool" && otherwise.kind === "bool") return this.query.bool(or(and(t, then.t), and(f, otherwise.t)), or(and(t, then.f), and(f, otherwise.f)));
    if (then.kind !== "value" || otherwise.kind !== "value") throw new NotExpressible("a choice between lists");
    return this.query.value(type, `(ite ${t} ${then.v} ${otherwise.v})`, or(and(t, then.d), and(f, otherwise.d)));
  }

  private index(list: List, at: Encoded, type: Type): Encoded {
    if (!list.dense) throw new NotExpressible("a place in a list that was filtered or joined");
    if (at.kind !== "value") throw new NotExpressible("a place that is no number");
    const here = list.items.map(({ on, item }, i) => ({ at: and(on, `(= ${at.v} ${i})`), item }));
    const d = and(list.d, at.d, or(...here.map((one) => one.at)));
    if (type.name === "bool") return this.query.bool(and(d, or(...here.map((one) => and(one.at, asBool(one.item).t)))), and(d, or(...here.map((one) => and(one.at, asBool(one.item).f)))));
    const items = here.flatMap(({ at: place, item }) => (item.kind === "value" ? [{ place, v: item.v }] : []));
    const last = items.at(-1);
    if (last === undefined) throw new NotExpressible("a place in a list of lists");
    return this.query.value(type, items.slice(0, -1).reduceRight((rest, { place, v }) => `(ite ${place} ${v} ${rest})`, last.v), d);
  }

  private call(node: Extract<Node, { readonly kind: "call" }>, [first, second]: readonly Encoded[]): Encoded {
    const { query } = this;
    if (first === undefined) throw new NotExpressible(`${node.name} of nothing`);
    if (node.name === "size" && first.kind === "list") return query.value(node.type, `(+ 0 0 ${first.items.map(({ on }) => `(ite ${on} 1 0)`).join(" ")})`, first.d);
    if (first.kind !== "value") throw new NotExpressible(`${node.name} of something that has no term`);
    switch (node.name) {
      case "size":
        return query.value(node.type, `(str.len ${first.v})`, first.d);
      case "int":
        if (node.args[0]?.type.name === "int") return first;
        throw new NotExpressible("int(double): solvers answer conversions to Int with unknown");
      case "double":
        return node.args[0]?.type.name === "double" ? first : query.value(node.type, `((_ to_fp 11 53) RNE (to_real ${first.v}))`, first.d);
      default: {
        if (second?.kind !== "value") throw new NotExpressible(`${node.name} of something that is no text`);
        const term = node.name === "contains" ? `(str.contains ${first.v} ${second.v})` : `(${node.name === "startsWith" ? "str.prefixof" : "str.suffixof"} ${second.v} ${first.v})`;
        const found = query.named("Bool", term);
        const d = and(first.d, second.d);
        return query.bool(and(d, found), and(d, not(found)));
      }
    }
  }

  private macro(node: Extract<Node, { readonly kind: "macro" }>, list: List, locals: ReadonlyMap<Local, Encoded>, prefix: string): Encoded {
    const { query } = this;
    const bodies = list.items.map(({ on, item }) => ({ on, item, body: this.emit(node.body, new Map(locals).set(node.local, item), prefix) }));
    const defined = query.named("Bool", and(list.d, ...bodies.map(({ on, body }) => implies(on, definedness(body)))));
    const yes = (): string[] => bodies.map(({ on, body }) => and(on, asBool(body).t));
    switch (node.macro) {
      case "all":
        return query.bool(and(list.d, ...bodies.map(({ on, body }) => implies(on, asBool(body).t))), and(list.d, or(...bodies.map(({ on, body }) => and(on, asBool(body).f)))));
      case "exists":
        return query.bool(and(list.d, or(...yes())), and(list.d, ...bodies.map(({ on, body }) => implies(on, asBool(body).f))));
      case "exists_one": {
        const one = query.named("Bool", `(= 1 (+ 0 0 ${yes().map((term) => `(ite ${term} 1 0)`).join(" ")}))`);
        return query.bool(and(defined, one), and(defined, not(one)));
      }
      case "filter":
        return { kind: "list", items: bodies.map(({ on, item, body }) => ({ on: query.named("Bool", and(on, asBool(body).t)), item })), d: defined, dense: false };
      case "map":
        return { kind: "list", items: bodies.map(({ on, body }) => ({ on, item: body })), d: defined, dense: list.dense };
    }
  }
}

/** Several conditions over the same fields in one query, so that they can be compared. */
export function emitSmt(nodes: readonly Node[], { list_items_max = SMT_LIST_ITEMS_MAX, any_absent = false }: SmtOptions = {}): Emitted<SmtQuery> {
  return emitted(() => {
    const all = nodes.flatMap((node) => [...everyNode(node)]);
    const asked = new Set(all.flatMap((node) => (node.kind === "has" ? [node.name] : [])));
    const emitter = new SmtEmitter(list_items_max, (field) => any_absent || asked.has(field));
    const conditions = nodes.map((node) => {
      const { t, f } = asBool(emitter.emit(node, new Map()));
      return { holds: t, fails: f, error: and(not(t), not(f)) };
    });
    const bounds = [
      ...(any_absent ? ["every field that is there is of its type"] : ["every field that has() does not ask for is there, and of its type"]),
      ...(emitter.query.cut ? [`lists of an event have at most ${list_items_max} items`] : []),
      ...(all.some(({ type }) => type.name === "string") ? ["characters up to U+2FFFF"] : []),
    ];
    return { lines: emitter.query.lines, conditions, bounds, complete: !emitter.query.cut };
  });
}
