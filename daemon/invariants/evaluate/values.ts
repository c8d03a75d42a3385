/** What an event's field must be: the type the rule declares, nothing near it. */
import { DURATION_MS_MAX, INT_MAX, INT_MIN, LIST_ITEMS_MAX, STRING_CHARACTERS_MAX } from "../limits.ts";
import type { Value } from "../types/node.ts";
import { integer } from "../types/literals.ts";
import { typeText, type Type } from "../types/type.ts";
import { failed, missing, type Failure } from "./failure.ts";

/** The fields of an event. Money is whole micro-dollars, a duration whole milliseconds; whole numbers may be bigints. */
export type Context = Readonly<Record<string, unknown>>;

function wrong(name: string, type: Type): Failure {
  const hint = type.name === "money" ? " (whole micro-dollars)" : type.name === "duration" ? " (whole milliseconds)" : "";
  return failed(`${name} is not of type ${typeText(type)}${hint}`);
}

function asInteger(value: unknown): number | bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value + 0 : null;
  return typeof value === "bigint" && value <= INT_MAX && value >= INT_MIN ? integer(value) : null;
}

/** In the form the engines compute with, or `null`. */
function asValue(value: unknown, type: Type): Value | null {
  switch (type.name) {
    case "int":
    case "money":
      return asInteger(value);
    case "double":
      return typeof value === "number" ? value : null;
    case "bool":
      return typeof value === "boolean" ? value : null;
    case "duration":
      return typeof value === "number" && Number.isSafeInteger(value) && Math.abs(value) <= DURATION_MS_MAX ? value + 0 : null;
    case "string":
      return typeof value === "string" && value.length <= STRING_CHARACTERS_MAX && value.isWellFormed() ? value : null;
    case "enum":
      return typeof value === "string" && type.members.includes(value) ? value : null;
    case "list":
      return asList(value, type.item);
    case "nothing":
      return null;
  }
}

function asList(value: unknown, item: Type): readonly Value[] | null {
  if (!Array.isArray(value) || value.length > LIST_ITEMS_MAX) return null;
  const items: Value[] = [];
  for (const one of value) {
    const read = asValue(one, item);
    if (read === null) return null;
    items.push(read);
  }
  return items;
}

export const present = (event: Context, name: string): boolean => Object.hasOwn(event, name) && event[name] !== undefined && event[name] !== null;

/** The value of a field. Throws `Failure` where it is missing or of another type. */
export function readField(event: Context, name: string, type: Type): Value {
  // What an object inherits, such as `constructor`, is no field of an event.
  if (!present(event, name)) throw missing(name);
  const value = asValue(event[name], type);
  if (value === null) throw wrong(name, type);
  return value;
}
