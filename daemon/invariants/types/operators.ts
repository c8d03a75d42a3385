/** Which types an operator takes, what comes of it, and what to write where it takes none of them. */
import type { BinaryOp, Span } from "../../../proto/expr.ts";
import { SourceError } from "../problem.ts";
import { BOOL, joined, MONEY, STRING, typeText, type Type } from "./type.ts";

type Name = Type["name"];

const ADDED: readonly Name[] = ["int", "money", "double", "string", "enum", "duration", "list"];
const SUBTRACTED: readonly Name[] = ["int", "money", "double", "duration"];
const ORDERED: readonly Name[] = ["int", "money", "double", "string", "duration"];
const NUMBERS: readonly Name[] = ["int", "double"];

/** What somebody who mixed these two most likely meant. */
function advice(op: BinaryOp, left: Type, right: Type): string {
  const both = [left.name, right.name];
  const has = (...names: readonly Name[]): boolean => names.every((name) => both.includes(name));
  if (has("int", "double")) return "int and double do not mix: write double(x) around the int, or declare both fields alike";
  if (has("money", "double")) return "money is exact and a double is not: multiply whole numbers instead, such as spent * 100 <= budget * 90";
  if (has("money", "int") && (op === "*" || op === "/")) return "money stands on the left of /, and is not multiplied by money";
  if (has("money", "int")) return "declare both fields as money; a literal beside money is an amount of dollars";
  if (both[0] === "money" && both[1] === "money") return "money is compared, added, subtracted, or multiplied by an int: write a * 10 <= b for a ratio";
  if (has("string", "int") || has("string", "double")) return "compare strings with strings: quote the number, or declare the field otherwise";
  if (has("duration", "int")) return 'compare times with times, such as duration("5m")';
  if (op === "in") return "write x in [a, b], the item left, the list right";
  if (op === "&&" || op === "||") return "both sides are conditions: write x != 0 for a number, x != '' for a string";
  return "give both sides the same type";
}

function refuse(op: BinaryOp, left: Type, right: Type, span: Span): SourceError {
  return new SourceError(span, `${op} does not take ${typeText(left)} and ${typeText(right)}`, advice(op, left, right));
}

const plain = (type: Type): Type => (type.name === "enum" ? STRING : type);

function sum(op: "+" | "-", left: Type, right: Type): Type | null {
  const both = joined(left, right);
  if (both === null || !(op === "+" ? ADDED : SUBTRACTED).includes(both.name)) return null;
  return plain(both);
}

function product(op: "*" | "/" | "%", left: Type, right: Type): Type | null {
  if (left.name === "money" && right.name === "int" && op !== "%") return MONEY;
  if (left.name === "int" && right.name === "money" && op === "*") return MONEY;
  const numbers = op === "%" ? ["int"] : NUMBERS;
  return left.name === right.name && numbers.includes(left.name) ? left : null;
}

function related(op: BinaryOp, left: Type, right: Type): Type | null {
  const both = joined(left, right);
  if (both === null) return null;
  if (op === "==" || op === "!=") return BOOL;
  // An enum has no order, so `joined` must not lend it the one of strings.
  return ORDERED.includes(both.name) && left.name !== "enum" && right.name !== "enum" ? BOOL : null;
}

function resultOf(op: BinaryOp, left: Type, right: Type): Type | null {
  switch (op) {
    case "||":
    case "&&":
      return left.name === "bool" && right.name === "bool" ? BOOL : null;
    case "+":
    case "-":
      return sum(op, left, right);
    case "*":
    case "/":
    case "%":
      return product(op, left, right);
    case "in":
      return right.name === "list" && joined(left, right.item) !== null ? BOOL : null;
    default:
      return related(op, left, right);
  }
}

/** Throws `SourceError`. */
export function binaryType(op: BinaryOp, left: Type, right: Type, span: Span): Type {
  const result = resultOf(op, left, right);
  if (result === null) throw refuse(op, left, right, span);
  return result;
}
