import { STEP_COPIED, STEP_ITEMS } from "../limits.ts";
import type { Value } from "../types/node.ts";

/** CEL's equality of two values of one type: lists by their items, NaN equal to nothing. `burn` takes the steps it costs. */
export function equal(a: Value, b: Value, burn: (steps: number) => void): boolean {
  if (typeof a === "string" && a.length >= STEP_COPIED) burn(Math.floor(a.length / STEP_COPIED));
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (a.length !== b.length) return false;
  burn(1 + Math.floor(a.length / STEP_ITEMS));
  for (const [i, item] of a.entries()) if (!equal(item, b[i]!, burn)) return false;
  return true;
}
