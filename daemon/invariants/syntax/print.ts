/** The one way to write an expression back: what is printed parses to the same tree. */
import type { BinaryOp, Expr, Formula } from "../../../proto/expr.ts";
import { durationText } from "./durations.ts";

const LEVEL: Readonly<Record<BinaryOp, number>> = { "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, in: 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5 };
const CHOICE = 0;
const UNARY = 6;
const POSTFIX = 7;
const WHOLE = 8;

/** In double quotes, every character beyond ASCII escaped: the same in every encoding. */
export function quoted(text: string): string {
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === "\\") out += `\\${character}`;
    else if (code >= 0x20 && code < 0x7f) out += character;
    else out += code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return `${out}"`;
}

/** How tightly it binds: a looser one inside a tighter one needs parentheses. */
function level(expr: Expr): number {
  switch (expr.kind) {
    case "cond":
      return CHOICE;
    case "binary":
      return LEVEL[expr.op];
    case "unary":
      return UNARY;
    case "int":
    case "double":
      return expr.value.startsWith("-") ? UNARY : WHOLE;
    case "index":
    case "macro":
      return POSTFIX;
    default:
      return WHOLE;
  }
}

const at = (expr: Expr, least: number): string => (level(expr) < least ? `(${print(expr)})` : print(expr));

function binary(op: BinaryOp, left: Expr, right: Expr): string {
  const own = LEVEL[op];
  // Relations do not chain; everything else leans to the left.
  return `${at(left, own === LEVEL["=="] ? own + 1 : own)} ${op} ${at(right, own + 1)}`;
}

const list = (items: readonly Expr[]): string => items.map(print).join(", ");

export function print(expr: Expr): string {
  switch (expr.kind) {
    case "bool":
      return String(expr.value);
    case "int":
    case "double":
      return expr.value;
    case "string":
      return quoted(expr.value);
    case "duration":
      return `duration("${durationText(BigInt(expr.ms))}")`;
    case "var":
      return expr.name;
    case "key":
      return `$${expr.name}`;
    case "list":
      return `[${list(expr.items)}]`;
    case "index":
      return `${at(expr.object, POSTFIX)}[${print(expr.index)}]`;
    case "unary":
      // `-5` and `-(5)` are two trees: a literal, and a literal's negation.
      return `${expr.op}${expr.op === "-" && /^(?:int|double)$/.test(expr.operand.kind) ? `(${print(expr.operand)})` : at(expr.operand, UNARY)}`;
    case "binary":
      return binary(expr.op, expr.left, expr.right);
    case "cond":
      return `${at(expr.test, LEVEL["||"])} ? ${at(expr.then, LEVEL["||"])} : ${at(expr.else, CHOICE)}`;
    case "call": {
      const [receiver, ...rest] = expr.args;
      return expr.method && receiver !== undefined ? `${at(receiver, POSTFIX)}.${expr.name}(${list(rest)})` : `${expr.name}(${list(expr.args)})`;
    }
    case "macro":
      return `${at(expr.list, POSTFIX)}.${expr.macro}(${expr.local}, ${print(expr.body)})`;
    case "count":
      return `count(${expr.event}${expr.where === null ? "" : ` where ${at(expr.where, LEVEL["||"])}`}) in ${durationText(BigInt(expr.window_ms))}`;
  }
}

const bound = (ms: string | null): string => (ms === null ? "" : ` within ${durationText(BigInt(ms))}`);

/** Parentheses stand around everything inside, wanted or not: formulas are short. */
export function printFormula(formula: Formula): string {
  const inner = (one: Formula): string => `(${printFormula(one)})`;
  switch (formula.form) {
    case "holds":
      return at(formula.expr, LEVEL["||"]);
    case "event":
      return formula.where === null ? formula.event : `${formula.event} where ${at(formula.where, LEVEL["=="])}`;
    case "not":
      return `!${inner(formula.body)}`;
    case "and":
    case "or":
      return `${inner(formula.left)} ${formula.form === "and" ? "&&" : "||"} ${inner(formula.right)}`;
    case "always":
    case "never":
      return `${formula.form} ${inner(formula.body)}`;
    case "eventually":
      return `eventually${bound(formula.within_ms)} ${inner(formula.body)}`;
    case "leads_to":
    case "until":
      return `${inner(formula.left)} ${formula.form} ${inner(formula.right)}${bound(formula.within_ms)}`;
    case "once":
      return `once ${inner(formula.body)} in ${durationText(BigInt(formula.window_ms))}`;
  }
}
