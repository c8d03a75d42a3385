/** Events and results in the reference's form, to compare engines by. */
import type { Node, Value } from "../types/node.ts";
import { Failure } from "../evaluate/failure.ts";
import { evaluate } from "../evaluate/predicate.ts";
import { FIELDS } from "./expressions.ts";
import { plainOf, type Plain } from "./reference.ts";

export const plainEvent = (event: Readonly<Record<string, unknown>>): Record<string, Plain> =>
  Object.fromEntries(Object.entries(event).map(([name, value]) => [name, plainOf(value as Value, FIELDS.get(name)!.type)]));

/** What both may be compared by: the value, with NaN and -0 as themselves, or that there is none. */
export function shown(result: { readonly value: Plain } | { readonly error: unknown }): string {
  if ("error" in result) return "error";
  const text = (value: Plain): string => (Array.isArray(value) ? `[${value.map(text).join(",")}]` : typeof value === "number" ? `${Object.is(value, -0) ? "-0" : value}f` : typeof value === "bigint" ? `${value}n` : JSON.stringify(value));
  return text(result.value);
}

/** Of our evaluator. */
export function evaluated(node: Node, event: Readonly<Record<string, unknown>>): { readonly value: Plain } | { readonly error: string } {
  try {
    return { value: plainOf(evaluate(node, event), node.type) };
  } catch (error) {
    if (error instanceof Failure) return { error: error.detail };
    throw error;
  }
}

export const SCOPE = { fields: FIELDS, declare: "under fields", old: false, keys: null, event: null, counts: [], locals: [] };
