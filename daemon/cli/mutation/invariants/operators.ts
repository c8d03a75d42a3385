/**
 * The operators over the language of invariants, fixed and documented in
 * docs/policy-mutation.md. They work on the syntax tree: each answer is the
 * whole condition with one small fault. Pure.
 */
import type { BinaryOp, Expr, Formula } from "../../../../proto/expr.ts";
import { print, printFormula } from "../../../invariants/syntax/print.ts";
import { RELATIONAL } from "../relational.ts";

export const OPERATORS = ["relational", "negation", "constant", "drop-condition", "connective", "quantifier", "bound", "form"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Change<T> {
  readonly operator: Operator;
  readonly changed: T;
  /** The part that was changed, as it stood and as it stands. */
  readonly before: string;
  readonly after: string;
}
/** `before` and `after` where they are less than the whole node. */
type Fault<T> = Pick<Change<T>, "operator" | "changed"> & Partial<Change<T>>;

type Binary = Extract<Expr, { readonly kind: "binary" }>;
const CONNECTIVE: Readonly<Partial<Record<BinaryOp, BinaryOp>>> = { "&&": "||", "||": "&&" };
const QUANTIFIER = { all: "exists", exists: "all", exists_one: "exists" } as const;

/** One more and one less, as the literal's own type writes it. */
function neighbours(text: string): string[] {
  if (/^-?[0-9]+$/.test(text)) return [String(BigInt(text) + 1n), String(BigInt(text) - 1n)];
  return [Number(text) + 1, Number(text) - 1].map((value) => (Number.isInteger(value) ? value.toFixed(1) : String(value))).filter((one) => /^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(one));
}

/** A time and one a millisecond longer or shorter: nothing is shorter than none. */
const times = (ms: string): string[] => [BigInt(ms) + 1n, BigInt(ms) - 1n].filter((one) => one >= 0n || BigInt(ms) < 0n).map(String);

/** `a && b && c` without one of them; the operands of one connective stand to its left. */
function operands(expr: Expr, op: BinaryOp): Expr[] {
  return expr.kind === "binary" && expr.op === op ? [...operands(expr.left, op), ...operands(expr.right, op)] : [expr];
}

function withoutOne(expr: Binary): Fault<Expr>[] {
  const all = operands(expr, expr.op);
  return all.map((one, left_out) => ({ operator: "drop-condition", before: print(one), after: "", changed: all.filter((_one, i) => i !== left_out).reduce((left, right) => ({ ...expr, left, right })) }));
}

/** Faults of this node alone; `outermost` is false inside a chain of the same connective, whose operands were dropped already. */
function own(expr: Expr, outermost: boolean): Fault<Expr>[] {
  switch (expr.kind) {
    case "int":
    case "double":
      return neighbours(expr.value).map((value) => ({ operator: "constant", changed: { ...expr, value } }));
    case "duration":
      return times(expr.ms).map((ms) => ({ operator: "constant", changed: { ...expr, ms } }));
    case "count":
      return times(expr.window_ms).map((window_ms) => ({ operator: "bound", changed: { ...expr, window_ms } }));
    case "macro":
      return expr.macro === "map" || expr.macro === "filter" ? [] : [{ operator: "quantifier", changed: { ...expr, macro: QUANTIFIER[expr.macro] } }];
    case "binary": {
      const turned = CONNECTIVE[expr.op];
      if (turned !== undefined) return [{ operator: "connective", changed: { ...expr, op: turned } }, ...(outermost ? withoutOne(expr) : [])];
      return (RELATIONAL[expr.op] ?? []).map((op) => ({ operator: "relational", changed: { ...expr, op: op as BinaryOp } }));
    }
    default:
      return [];
  }
}

const isCondition = (expr: Expr): boolean => !(expr.kind === "binary" && CONNECTIVE[expr.op] !== undefined);

/** A condition that stands by itself, turned round. */
function negated(expr: Expr): Fault<Expr>[] {
  if (expr.kind === "unary" && expr.op === "!") return [{ operator: "negation", changed: expr.operand }];
  return isCondition(expr) ? [{ operator: "negation", changed: { kind: "unary", op: "!", operand: expr, span: expr.span } }] : [];
}

/** The parts of a node, each with how the node looks with another one there; `condition` says that it must be true or false. */
function inside(expr: Expr): { readonly part: Expr; readonly condition: boolean; readonly put: (changed: Expr) => Expr }[] {
  switch (expr.kind) {
    case "index":
      return [{ part: expr.object, condition: false, put: (object) => ({ ...expr, object }) }, { part: expr.index, condition: false, put: (index) => ({ ...expr, index }) }];
    case "list":
      return expr.items.map((part, i) => ({ part, condition: false, put: (changed) => ({ ...expr, items: expr.items.with(i, changed) }) }));
    case "unary":
      return [{ part: expr.operand, condition: false, put: (operand) => ({ ...expr, operand }) }];
    case "binary": {
      const condition = CONNECTIVE[expr.op] !== undefined;
      return [{ part: expr.left, condition, put: (left) => ({ ...expr, left }) }, { part: expr.right, condition, put: (right) => ({ ...expr, right }) }];
    }
    case "cond":
      return [{ part: expr.test, condition: true, put: (test) => ({ ...expr, test }) }, { part: expr.then, condition: false, put: (then) => ({ ...expr, then }) }, { part: expr.else, condition: false, put: (otherwise) => ({ ...expr, else: otherwise }) }];
    case "call":
      return expr.args.map((part, i) => ({ part, condition: false, put: (changed) => ({ ...expr, args: expr.args.with(i, changed) }) }));
    case "macro":
      return [{ part: expr.list, condition: false, put: (list) => ({ ...expr, list }) }, { part: expr.body, condition: expr.macro !== "map", put: (body) => ({ ...expr, body }) }];
    case "count":
      return expr.where === null ? [] : [{ part: expr.where, condition: true, put: (where) => ({ ...expr, where }) }];
    default:
      return [];
  }
}

/** Every way to put one fault into an expression. `condition`: it stands where something is asked. */
export function changedExpressions(expr: Expr, condition = true, above: BinaryOp | null = null): Change<Expr>[] {
  const op = expr.kind === "binary" ? expr.op : null;
  const here = [...(condition ? negated(expr) : []), ...own(expr, op !== above)];
  const below = inside(expr).flatMap(({ part, condition: asked, put }) => changedExpressions(part, asked, op).map((one) => ({ ...one, changed: put(one.changed) })));
  return [...here.map((fault) => ({ before: print(expr), after: print(fault.changed), ...fault })), ...below];
}

const bounds = (ms: string | null): string[] => (ms === null ? [] : times(ms));

function ownForm(formula: Formula): Fault<Formula>[] {
  switch (formula.form) {
    case "always":
    case "never":
      return [{ operator: "form", changed: { ...formula, form: formula.form === "always" ? "never" : "always" } }];
    case "not":
      return [{ operator: "negation", changed: formula.body }];
    case "and":
    case "or":
      return [{ operator: "connective", changed: { ...formula, form: formula.form === "and" ? "or" : "and" } }, { operator: "drop-condition", changed: formula.left }, { operator: "drop-condition", changed: formula.right }];
    case "event":
      return [{ operator: "negation", changed: { form: "not", body: formula, span: formula.span } }, ...(formula.where === null ? [] : [{ operator: "drop-condition" as const, changed: { ...formula, where: null } }])];
    case "eventually":
      return bounds(formula.within_ms).map((within_ms) => ({ operator: "bound", changed: { ...formula, within_ms } }));
    case "leads_to":
    case "until":
      return [...bounds(formula.within_ms).map((within_ms): Fault<Formula> => ({ operator: "bound", changed: { ...formula, within_ms } })), { operator: "form", changed: { ...formula, left: formula.right, right: formula.left } }];
    case "once":
      return times(formula.window_ms).map((window_ms) => ({ operator: "bound", changed: { ...formula, window_ms } }));
    default:
      return [];
  }
}

const within = <T>(changes: readonly Change<T>[], put: (changed: T) => Formula): Change<Formula>[] => changes.map((one) => ({ ...one, changed: put(one.changed) }));

/** Every way to put one fault into a formula. */
export function changedFormulas(formula: Formula): Change<Formula>[] {
  const here = ownForm(formula).map((fault) => ({ before: printFormula(formula), after: printFormula(fault.changed), ...fault }));
  switch (formula.form) {
    case "holds":
      return within(changedExpressions(formula.expr), (expr) => ({ ...formula, expr }));
    case "event":
      return [...here, ...(formula.where === null ? [] : within(changedExpressions(formula.where), (where) => ({ ...formula, where })))];
    case "and":
    case "or":
    case "leads_to":
    case "until":
      return [...here, ...within(changedFormulas(formula.left), (left) => ({ ...formula, left })), ...within(changedFormulas(formula.right), (right) => ({ ...formula, right }))];
    default:
      return [...here, ...within(changedFormulas(formula.body), (body) => ({ ...formula, body }))];
  }
}
