/** Relations and arithmetic between encoded values. */
import type { BinaryOp } from "../../../proto/expr.ts";
import type { Type } from "../types/type.ts";
import { NotExpressible } from "./expressible.ts";
import { definedness, inRange, type Encoded, type Query } from "./smt-encoding.ts";
import { and, implies, not, or } from "./smt-text.ts";

type Value = Extract<Encoded, { readonly kind: "value" }>;

function values(a: Encoded, b: Encoded): readonly [Value, Value] {
  if (a.kind !== "value" || b.kind !== "value") throw new NotExpressible("an order of lists or conditions");
  return [a, b];
}

/** When the two are equal, given that both have a value. */
export function equalTerm(a: Encoded, b: Encoded, type: Type): string {
  if (a.kind === "bool" && b.kind === "bool") return or(and(a.t, b.t), and(a.f, b.f));
  if (a.kind === "list" && b.kind === "list") return equalLists(a, b, type);
  const [x, y] = values(a, b);
  return type.name === "double" ? `(fp.eq ${x.v} ${y.v})` : `(= ${x.v} ${y.v})`;
}

function equalLists(a: Extract<Encoded, { readonly kind: "list" }>, b: Extract<Encoded, { readonly kind: "list" }>, type: Type): string {
  if (!a.dense || !b.dense) throw new NotExpressible("equality of a list that was filtered or joined: its places are not known");
  const item = type.name === "list" ? type.item : type;
  const places = Array.from({ length: Math.max(a.items.length, b.items.length) }, (_, i) => {
    const [x, y] = [a.items[i], b.items[i]];
    if (x === undefined || y === undefined) return not((x ?? y)!.on);
    return and(`(= ${x.on} ${y.on})`, implies(x.on, equalTerm(x.item, y.item, item)));
  });
  return and(...places);
}

const ORDER: Readonly<Partial<Record<BinaryOp, readonly [integers: string, doubles: string]>>> = { "<": ["<", "fp.lt"], "<=": ["<=", "fp.leq"], ">": [">", "fp.gt"], ">=": [">=", "fp.geq"] };

function orderTerm(op: BinaryOp, a: Encoded, b: Encoded, type: Type): string {
  const [x, y] = values(a, b);
  const [integers, doubles] = ORDER[op] ?? ["", ""];
  if (type.name === "double") return `(${doubles} ${x.v} ${y.v})`;
  if (type.name !== "string" && type.name !== "enum") return `(${integers} ${x.v} ${y.v})`;
  const strict = op === "<" || op === ">" ? "str.<" : "str.<=";
  return op === "<" || op === "<=" ? `(${strict} ${x.v} ${y.v})` : `(${strict} ${y.v} ${x.v})`;
}

/** == != < <= > >= : an answer where both sides have a value. */
export function relation(query: Query, op: BinaryOp, a: Encoded, b: Encoded, type: Type): Encoded {
  const d = and(definedness(a), definedness(b));
  const term = query.named("Bool", op === "==" || op === "!=" ? equalTerm(a, b, type) : orderTerm(op, a, b, type));
  return op === "!=" ? query.bool(and(d, not(term)), and(d, term)) : query.bool(and(d, term), and(d, not(term)));
}

/** SMT-LIB's div rounds so that the remainder is not negative; CEL's rounds toward zero. */
const quotient = (a: string, b: string): string => `(ite (>= ${a} 0) (div ${a} ${b}) (- (div (- ${a}) ${b})))`;

const DOUBLES: Readonly<Partial<Record<BinaryOp, string>>> = { "+": "fp.add", "-": "fp.sub", "*": "fp.mul", "/": "fp.div" };

/** + - * / % of numbers, times and strings. */
export function arithmetic(query: Query, op: BinaryOp, a: Encoded, b: Encoded, type: Type): Encoded {
  const [x, y] = values(a, b);
  const d = and(x.d, y.d);
  if (type.name === "string") return query.value(type, `(str.++ ${x.v} ${y.v})`, d);
  if (type.name === "double") return query.value(type, `(${DOUBLES[op] ?? ""} RNE ${x.v} ${y.v})`, d);
  if (op !== "/" && op !== "%") {
    const v = query.named("Int", `(${op} ${x.v} ${y.v})`);
    return query.value(type, v, and(d, inRange(v, type)));
  }
  const q = query.named("Int", quotient(x.v, y.v));
  const divides = and(d, not(`(= ${y.v} 0)`));
  return op === "/" ? query.value(type, q, and(divides, inRange(q, type))) : query.value(type, `(- ${x.v} (* ${y.v} ${q}))`, divides);
}
