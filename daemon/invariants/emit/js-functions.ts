/** What the JavaScript of a condition calls, as text, so that a test made of it needs no package of ours. In the order in which they are printed. */
import { DURATION_MS_MAX, LIST_ITEMS_MAX, STRING_CHARACTERS_MAX } from "../limits.ts";

const refused = (what: string): string => `throw new Refused(${JSON.stringify(what)})`;

/** Each with those it needs itself in `JS_NEEDS`. */
export const JS_FUNCTIONS = {
  Refused: `/** A field that is missing or of another type, or a sum that has no value: the rule is broken. */
class Refused extends Error {}`,
  field: `function field(state: State, name: string): unknown {
  if (!Object.hasOwn(state, name) || state[name] === undefined || state[name] === null) throw new Refused(name + " is missing");
  return state[name];
}`,
  whole: `/** An integer of 64 bits. */
function whole(value: unknown): bigint {
  if (typeof value === "bigint") return int64(value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  ${refused("no whole number")};
}`,
  real: `function real(value: unknown): number {
  if (typeof value !== "number") ${refused("no number")};
  return value;
}`,
  truth: `function truth(value: unknown): boolean {
  if (typeof value !== "boolean") ${refused("neither true nor false")};
  return value;
}`,
  milliseconds: `function milliseconds(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) ${refused("no duration in whole milliseconds")};
  return time(value);
}`,
  text: `function text(value: unknown): string {
  if (typeof value !== "string" || value.length > ${STRING_CHARACTERS_MAX} || !value.isWellFormed()) ${refused("no text")};
  return value;
}`,
  oneOf: `const oneOf = (words: readonly string[]) => (value: unknown): string => {
  if (typeof value !== "string" || !words.includes(value)) ${refused("none of its words")};
  return value;
};`,
  listOf: `const listOf = <T>(item: (value: unknown) => T) => (value: unknown): readonly T[] => {
  if (!Array.isArray(value) || value.length > ${LIST_ITEMS_MAX}) ${refused("no list")};
  return Array.from(value, item);
};`,
  int64: `/** Beyond 64 bits there is no value, never a wrapped one. */
function int64(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) ${refused("more than 64 bits")};
  return value;
}`,
  time: `function time(ms: number): number {
  if (Math.abs(ms) > ${DURATION_MS_MAX}) ${refused("more than 10,000 years")};
  return ms;
}`,
  at: `function at<T>(list: readonly T[], place: bigint): T {
  const item = list[Number(place)];
  if (item === undefined) ${refused("an index is outside its list")};
  return item;
}`,
  same: `function same(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item, i) => same(item, b[i]));
}`,
  isIn: `const isIn = (item: unknown, list: readonly unknown[]): boolean => list.some((one) => same(item, one));`,
  order: `/** By code points: below 0, above 0, or 0. */
function order(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const place = left.findIndex((point, i) => point !== right[i]);
  if (place < 0) return left.length - right.length;
  return right[place] === undefined ? 1 : left[place]!.codePointAt(0)! - right[place]!.codePointAt(0)!;
}`,
  joined: `function joined<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (a.length + b.length > ${LIST_ITEMS_MAX}) ${refused("a list is too long")};
  return [...a, ...b];
}`,
  decided: `/** The side that decides wins over the other side's error. */
function decided(sides: readonly (() => boolean)[], decisive: boolean): boolean {
  let failure: unknown;
  for (const side of sides) {
    try {
      if (side() === decisive) return decisive;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}`,
  both: `const both = (left: () => boolean, right: () => boolean): boolean => decided([left, right], false);`,
  either: `const either = (left: () => boolean, right: () => boolean): boolean => decided([left, right], true);`,
  every: `const every = <T>(list: readonly T[], holds: (item: T) => boolean): boolean => decided(list.map((item) => () => holds(item)), false);`,
  some: `const some = <T>(list: readonly T[], holds: (item: T) => boolean): boolean => decided(list.map((item) => () => holds(item)), true);`,
} as const;

type Name = keyof typeof JS_FUNCTIONS;

const NEEDS: Readonly<Partial<Record<Name, readonly Name[]>>> = {
  whole: ["int64"],
  milliseconds: ["time"],
  isIn: ["same"],
  both: ["decided"],
  either: ["decided"],
  every: ["decided"],
  some: ["decided"],
};

/** The text of those functions and of what they call. */
export function jsFunctions(names: Iterable<string>): string {
  const wanted = new Set<string>(["Refused", "field", ...names]);
  for (const name of [...wanted]) for (const needed of NEEDS[name as Name] ?? []) wanted.add(needed);
  return Object.entries(JS_FUNCTIONS).filter(([name]) => wanted.has(name)).map(([, text]) => text).join("\n\n");
}
