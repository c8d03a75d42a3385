/** From an expression to a typed one. */
import type { BinaryOp, Expr, Span } from "../../../proto/expr.ts";
import { SourceError } from "../problem.ts";
import { checkCall } from "./calls.ts";
import { checkLiteral, isOpen } from "./literals.ts";
import type { Local, Node } from "./node.ts";
import { binaryType } from "./operators.ts";
import { unknownName, type Scope } from "./scope.ts";
import { BOOL, INT, joined, listOf, NOTHING, STRING, typeText, type Type } from "./type.ts";

/** The type of `expr`; `want` is what literals in it are asked to be. Throws `SourceError`. */
export function check(expr: Expr, scope: Scope, want: Type | null = null): Node {
  const { span } = expr;
  switch (expr.kind) {
    case "bool":
    case "int":
    case "double":
    case "string":
    case "duration":
      return checkLiteral(expr, want);
    case "var":
      return variable(expr.name, span, scope, want);
    case "key":
      return key(expr.name, span, scope);
    case "list":
      return list(expr.items, span, scope, want);
    case "index":
      return index(expr.object, expr.index, span, scope);
    case "unary":
      return expr.op === "!" ? { kind: "not", type: BOOL, operand: checkBool(expr.operand, scope), span } : negate(expr.operand, span, scope, want);
    case "binary":
      return binary(expr.op, expr.left, expr.right, span, scope, want);
    case "cond":
      return cond(expr, scope, want);
    case "call":
      return checkCall(expr, scope, check);
    case "macro":
      return macro(expr, scope, want);
    case "count":
      return count(expr, scope);
  }
}

/** A condition. Throws `SourceError`. */
export function checkBool(expr: Expr, scope: Scope): Node {
  const node = check(expr, scope, BOOL);
  if (node.type.name !== "bool") throw new SourceError(expr.span, `a condition is expected, and this is ${typeText(node.type)}`, node.type.name === "string" || node.type.name === "enum" ? "write x == 'value'" : "compare it with something, such as x > 0");
  return node;
}

function variable(name: string, span: Span, scope: Scope, want: Type | null): Node {
  const local = scope.locals.findLast((one) => one.name === name);
  if (local !== undefined) return { kind: "local", type: local.type, local, span };
  const field = scope.fields.get(name);
  if (field === undefined) throw unknownName(name, span, scope, want);
  return { kind: "field", type: field.type, name, span };
}

function key(name: string, span: Span, scope: Scope): Node {
  const field = scope.keys?.get(name);
  if (field === undefined) throw new SourceError(span, `$${name} is no key of this invariant`, `write per: ${name}`);
  return { kind: "key", type: field.type, name, span };
}

function list(items: readonly Expr[], span: Span, scope: Scope, want: Type | null): Node {
  const wanted = want?.name === "list" ? want.item : null;
  // What is no literal says what the literals beside it are.
  const closed = items.findIndex((item) => !isOpen(item));
  const known = items[closed] === undefined ? null : check(items[closed], scope, wanted);
  // Not asked a second time: in nested lists that would double with each level.
  const nodes = items.map((item, i) => (i === closed && known !== null ? known : check(item, scope, known?.type ?? wanted)));
  let type: Type = NOTHING;
  for (const node of nodes) {
    const both = joined(type, node.type);
    if (both === null) throw new SourceError(node.span, `a list of ${typeText(type)} cannot hold ${typeText(node.type)}`, "give all items the same type");
    type = both;
  }
  return { kind: "list", type: listOf(nodes.length === 0 && wanted !== null ? wanted : type), items: nodes, span };
}

function index(object: Expr, at: Expr, span: Span, scope: Scope): Node {
  const node = check(object, scope);
  if (node.type.name !== "list") throw new SourceError(object.span, `${typeText(node.type)} has no items`, "only a list has, the first at [0]");
  const place = check(at, scope, INT);
  if (place.type.name !== "int") throw new SourceError(at.span, `an index is an int, not ${typeText(place.type)}`, "write list[0]");
  return { kind: "index", type: node.type.item, object: node, index: place, span };
}

function negate(operand: Expr, span: Span, scope: Scope, want: Type | null): Node {
  const node = check(operand, scope, want);
  if (!["int", "money", "double"].includes(node.type.name)) throw new SourceError(span, `- does not take ${typeText(node.type)}`, "write !x for a condition");
  return { kind: "negate", type: node.type, operand: node, span };
}

/** What the literal on one side of an operator is asked to be, once the other side is known. */
function wantOf(op: BinaryOp, side: "left" | "right", other: Type | null, want: Type | null): Type | null {
  if (op === "&&" || op === "||") return BOOL;
  if (op === "in") return other === null ? null : side === "right" ? listOf(other) : other.name === "list" ? other.item : null;
  if (op === "*" || op === "/") {
    // Of `2 * 3` where money is wanted, the first is the money.
    if (other?.name === "money") return INT;
    if (want?.name === "money" && other === null) return side === "left" ? want : INT;
    return other ?? want;
  }
  // What is joined to an enum's word is no such word.
  if (op === "+" && other?.name === "enum") return STRING;
  if (op === "+" || op === "-" || op === "%") return other ?? want;
  return other;
}

const isUnknown = (expr: Expr, { locals, fields }: Scope): boolean => expr.kind === "var" && !fields.has(expr.name) && locals.every(({ name }) => name !== expr.name);

/** The side that is no literal says what the literal on the other side is. */
function binary(op: BinaryOp, left: Expr, right: Expr, span: Span, scope: Scope, want: Type | null): Node {
  // A name that nobody declared may be a word of the enum on the other side.
  const swap = (isOpen(left) || isUnknown(left, scope)) && !isOpen(right) && !isUnknown(right, scope);
  const both_open = isOpen(left) && isOpen(right);
  const first = check(swap ? right : left, scope, wantOf(op, swap ? "right" : "left", null, both_open ? want : null));
  const second = check(swap ? left : right, scope, wantOf(op, swap ? "left" : "right", first.type, want));
  // Of literals alone the right one may know better; money times an int is what was asked for.
  const again = both_open && second.type.name !== first.type.name && first.type.name !== "money";
  const [a, b] = swap ? [second, first] : again ? [check(left, scope, wantOf(op, "left", second.type, want)), second] : [first, second];
  return { kind: "binary", type: binaryType(op, a.type, b.type, span), op, left: a, right: b, span };
}

function cond(expr: Extract<Expr, { readonly kind: "cond" }>, scope: Scope, want: Type | null): Node {
  const test = checkBool(expr.test, scope);
  const swap = isOpen(expr.then) && !isOpen(expr.else);
  const first = check(swap ? expr.else : expr.then, scope, want);
  const second = check(swap ? expr.then : expr.else, scope, first.type);
  const [then, otherwise] = swap ? [second, first] : [first, second];
  const type = joined(then.type, otherwise.type);
  if (type === null) throw new SourceError(expr.span, `one branch is ${typeText(then.type)}, the other ${typeText(otherwise.type)}`, "give both the same type");
  return { kind: "cond", type, test, then, else: otherwise, span: expr.span };
}

function macro({ macro: name, list: range, local: local_name, body, span }: Extract<Expr, { readonly kind: "macro" }>, scope: Scope, want: Type | null): Node {
  const node = check(range, scope, name === "filter" ? want : null);
  if (node.type.name !== "list") throw new SourceError(range.span, `${name} goes over a list, not over ${typeText(node.type)}`, "declare the field as list<T>");
  const local: Local = { name: local_name, type: node.type.item };
  const inner: Scope = { ...scope, locals: [...scope.locals, local] };
  if (name !== "map") return { kind: "macro", type: name === "filter" ? node.type : BOOL, macro: name, list: node, local, body: checkBool(body, inner), span };
  const mapped = check(body, inner, want?.name === "list" ? want.item : null);
  return { kind: "macro", type: listOf(mapped.type), macro: name, list: node, local, body: mapped, span };
}

function count({ event, where, window_ms, span }: Extract<Expr, { readonly kind: "count" }>, scope: Scope): Node {
  if (scope.event === null) throw new SourceError(span, "count stands in formulas alone", "write it under temporal");
  const inner = scope.event(event, span);
  const condition = where === null ? null : checkBool(where, { ...inner, event: null });
  const index = scope.counts.push({ event, where: condition, window_ms: Number(window_ms) }) - 1;
  return { kind: "count", type: INT, index, span };
}

