import type { Value } from "../types/node.ts";

/** CEL's equality of two values of one type: lists by their items, NaN equal to nothing. */
export function equal(a: Value, b: Value): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return a.length === b.length && a.every((item, i) => equal(item, b[i]!));
}
