/** What a property test has to try for a rule, as data: the fields it reads, and the values around which it turns. */
import { INT_MAX, INT_MIN } from "../limits.ts";
import { integer } from "../types/literals.ts";
import { everyNode, type Node, type Value } from "../types/node.ts";
import type { Fields } from "../types/scope.ts";
import type { Type } from "../types/type.ts";

export type Arbitrary =
  | { readonly kind: "integer"; readonly min: string; readonly max: string; readonly edges: readonly string[] }
  | { readonly kind: "double"; readonly edges: readonly number[] }
  | { readonly kind: "boolean" }
  | { readonly kind: "string"; readonly edges: readonly string[] }
  | { readonly kind: "one_of"; readonly values: readonly string[] }
  | { readonly kind: "list"; readonly item: Arbitrary; readonly items_max: number };

/** For each field that is read: how to make values of it, and whether leaving it out is a case too. */
export type Arbitraries = Readonly<Record<string, { readonly arbitrary: Arbitrary; readonly may_be_missing: boolean }>>;

const ITEMS_MAX = 5;

/** Each constant of the rule and its neighbours: that is where rules are wrong. */
function edgesOf(literals: readonly Value[]): readonly bigint[] {
  const numbers = literals.flatMap((value) => (typeof value === "bigint" || Number.isSafeInteger(value) ? [BigInt(value as number)] : []));
  const near = [0n, ...numbers].flatMap((value) => [value - 1n, value, value + 1n]).filter((value) => value >= INT_MIN && value <= INT_MAX);
  return [...new Set(near)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function arbitraryOf(type: Type, literals: ReadonlyMap<string, readonly Value[]>): Arbitrary {
  const own = literals.get(type.name) ?? [];
  switch (type.name) {
    case "int":
    case "money":
      return { kind: "integer", min: String(INT_MIN), max: String(INT_MAX), edges: edgesOf(own).map(String) };
    case "duration":
      return { kind: "integer", min: "0", max: "86400000", edges: edgesOf(own).filter((ms) => ms >= 0n).map(String) };
    case "double":
      return { kind: "double", edges: [...new Set([0, -0, ...own.filter((value) => typeof value === "number")])] };
    case "bool":
      return { kind: "boolean" };
    case "enum":
      return { kind: "one_of", values: type.members };
    case "list":
      return { kind: "list", item: arbitraryOf(type.item, literals), items_max: ITEMS_MAX };
    default:
      return { kind: "string", edges: [...new Set(["", ...own.map(String)])] };
  }
}

/** Of the fields that `nodes` read, out of `fields`. */
export function emitArbitraries(nodes: readonly Node[], fields: Fields): Arbitraries {
  const all = nodes.flatMap((node) => [...everyNode(node)]);
  const literals = new Map<string, Value[]>();
  for (const node of all) if (node.kind === "literal") literals.set(node.type.name, [...(literals.get(node.type.name) ?? []), typeof node.value === "bigint" ? integer(node.value) : node.value]);
  const asked = new Set(all.flatMap((node) => (node.kind === "has" ? [node.name] : [])));
  const read = new Set(all.flatMap((node) => (node.kind === "field" || node.kind === "has" ? [node.name] : [])));
  return Object.fromEntries([...fields].filter(([name]) => read.has(name)).map(([name, { type }]) => [name, { arbitrary: arbitraryOf(type, literals), may_be_missing: asked.has(name) }]));
}
