/** How fast-check makes a value of a type, as text. */
import type { Type } from "../types/type.ts";
import type { Argument } from "./plan.ts";

/** More of a day than of ten thousand years. */
const DURATION_MS = 86_400_000;
const ITEMS_MAX = 5;
const CHARACTERS_MAX = 20;

export const grouped = (value: number): string => String(value).replace(/\B(?=(?:[0-9]{3})+$)/g, "_");

type Made = Omit<Argument, "name" | "may_be_missing">;

/** The edges that lie within, beside what fast-check likes to try anyway. */
function around(base: string, edges: readonly (number | string)[], shown: (edge: number | string) => string): string {
  return edges.length === 0 ? base : `fc.oneof({ arbitrary: ${base}, weight: 3 }, fc.constantFrom(${edges.map(shown).join(", ")}))`;
}

function wholes({ min, max, edges }: Made, low: number, high: number): string {
  const [from, to] = [min ?? Math.min(low, max ?? low), max ?? Math.max(high, min ?? high)];
  const within = edges.filter((edge): edge is number => typeof edge === "number" && edge >= from && edge <= to);
  const base = from === Number.MIN_SAFE_INTEGER && to === Number.MAX_SAFE_INTEGER ? "fc.maxSafeInteger()" : `fc.integer({ min: ${grouped(from)}, max: ${grouped(to)} })`;
  return around(base, within, (edge) => grouped(Number(edge)));
}

function made(type: Type, bounds: Made): string {
  switch (type.name) {
    case "int":
    case "money":
      return wholes(bounds, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "duration":
      return wholes(bounds, 0, DURATION_MS);
    case "double":
      return "fc.double({ noNaN: true, noDefaultInfinity: true })";
    case "bool":
      return "fc.boolean()";
    case "enum":
      return `fc.constantFrom(${type.members.map((member) => JSON.stringify(member)).join(", ")})`;
    case "list":
      return `fc.array(${made(type.item, { ...bounds, type: type.item, edges: [] })}, { maxLength: ${ITEMS_MAX} })`;
    default:
      return around(`fc.string({ unit: "grapheme", maxLength: ${CHARACTERS_MAX} })`, bounds.edges.filter((edge) => typeof edge === "string"), (edge) => JSON.stringify(edge));
  }
}

function arbitraryText(argument: Argument): string {
  const text = made(argument.type, argument);
  return argument.may_be_missing ? `fc.option(${text}, { nil: undefined })` : text;
}

/** A record of them; without a prototype of null, which a target need not expect. */
export function recordText(args: readonly Argument[], indent: string): string {
  if (args.length === 0) return "fc.constant({})";
  const fields = args.map((argument) => `${indent}  ${argument.name}: ${arbitraryText(argument)},\n`).join("");
  return `fc.record({\n${fields}${indent}}, { noNullPrototype: true })`;
}
