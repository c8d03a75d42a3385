/** Literals take the type that is wanted of them where they are that value exactly, and no other way. */
import type { Expr, Span } from "../../../proto/expr.ts";
import { nearest } from "../../../proto/suggest.ts";
import { INT_MAX, INT_MIN } from "../limits.ts";
import { SourceError } from "../problem.ts";
import type { Node, Value } from "./node.ts";
import { BOOL, DOUBLE, DURATION, INT, MONEY, STRING, type Type } from "./type.ts";

/** Micro-dollars in a dollar, in which literals of money are written. */
export const MICROS = 1_000_000n;

/** The form integers have while they are computed with: a number where that is exact. */
export const integer = (value: bigint): number | bigint => (value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value);

const literal = (type: Type, value: Value, span: Span): Node => ({ kind: "literal", type, value, span });

/** `12.5` as micro-dollars; `null` where that is not a whole number of them. */
function micros(text: string): bigint | null {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text) ?? [];
  const shift = Number(exponent) - fraction.length + 6;
  if (sign === undefined || Math.abs(shift) > 60) return null;
  const digits = BigInt(whole + fraction);
  const power = 10n ** BigInt(Math.abs(shift));
  if (shift < 0 && digits % power !== 0n) return null;
  const value = shift < 0 ? digits / power : digits * power;
  return sign === "-" ? -value : value;
}

function money(text: string, span: Span): Node {
  const value = micros(text);
  if (value === null) throw new SourceError(span, `${text} dollars are no whole number of micro-dollars`, "write at most six digits after the point");
  if (value < INT_MIN || value > INT_MAX) throw new SourceError(span, `${text} dollars are more than 64 bits of micro-dollars`, "write a smaller amount");
  return literal(MONEY, integer(value), span);
}

/** Whether its type is open until somebody wants one: literals, and what is made of nothing else. */
export function isOpen(expr: Expr): boolean {
  switch (expr.kind) {
    case "int":
    case "double":
    case "string":
      return true;
    case "list":
      return expr.items.every(isOpen);
    case "unary":
      return expr.op === "-" && isOpen(expr.operand);
    case "binary":
      return /^[-+*/%]$/.test(expr.op) && isOpen(expr.left) && isOpen(expr.right);
    case "cond":
      return isOpen(expr.then) && isOpen(expr.else);
    default:
      return false;
  }
}

export function checkLiteral(expr: Extract<Expr, { readonly kind: "bool" | "int" | "double" | "string" | "duration" }>, want: Type | null): Node {
  const { span } = expr;
  switch (expr.kind) {
    case "bool":
      return literal(BOOL, expr.value, span);
    case "duration":
      return literal(DURATION, Number(expr.ms), span);
    case "string":
      return text(expr.value, span, want);
    case "double":
      if (want?.name === "money") return money(expr.value, span);
      return literal(DOUBLE, Number(expr.value), span);
    case "int":
      if (want?.name === "money") return money(expr.value, span);
      if (want?.name === "double") return wholeDouble(expr.value, span);
      return literal(INT, integer(BigInt(expr.value)), span);
  }
}

function wholeDouble(digits: string, span: Span): Node {
  const value = Number(digits);
  if (BigInt(value) !== BigInt(digits)) throw new SourceError(span, `${digits} is not exact as a double`, "write a number of at most 15 digits");
  return literal(DOUBLE, value, span);
}

function text(value: string, span: Span, want: Type | null): Node {
  if (!value.isWellFormed()) throw new SourceError(span, "half a character (a lone surrogate) is no text", "write the whole character");
  if (want?.name !== "enum") return literal(STRING, value, span);
  if (want.members.includes(value)) return literal(want, value, span);
  const near = nearest(value, want.members);
  throw new SourceError(span, `${JSON.stringify(value)} is never a value of that enum`, near === null ? `write one of ${want.members.join(", ")}` : `did you mean ${JSON.stringify(near)}?`);
}
