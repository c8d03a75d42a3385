/**
 * A value in a counterexample, whichever engine found it. Its own JSON where JSON has the value, the forms of ITF
 * (`#bigint`, `#tup`, `#set`, `#map`, `#unserializable`) where that format has one, and ours for what neither has.
 */
import { Type, type Static } from "@sinclair/typebox";
import { canonicalText } from "./canonical.ts";
import { Closed } from "./scalar.ts";

/** Of one string, one list or one record: a counterexample is read by a person. */
export const CEX_ITEMS_MAX = 1_000;
const STRING_CHARACTERS_MAX = 16_384;

const Integer = Type.String({ pattern: "^(?:0|-?[1-9][0-9]{0,1023})$", description: "integer of any size" });
const SafeInteger = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
const Text = Type.String({ maxLength: STRING_CHARACTERS_MAX });
/** A name that cannot be taken for one of the forms above. */
export const CexName = Type.String({ pattern: "^[^#\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]{0,127}$" });

export const CexValue = Type.Recursive(
  (Self) =>
    Type.Union([
      Type.Boolean(),
      SafeInteger,
      Text,
      Closed({ "#bigint": Integer }, { description: "an integer that is no safe integer" }),
      Closed({ "#double": Type.String({ pattern: "^[0-9a-f]{16}$", description: "the 64 bits of IEEE 754, so that -0, NaN and the last digit survive" }) }),
      Closed({ "#rational": Type.Tuple([Integer, Integer]) }, { description: "numerator and denominator, in lowest terms" }),
      Closed({ "#bits": Type.String({ pattern: "^[01]{1,4096}$", description: "most significant first" }) }),
      Closed({ "#ctor": Type.String({ minLength: 1, maxLength: 128 }), args: Type.Array(Self, { maxItems: CEX_ITEMS_MAX }) }),
      Closed({ "#tup": Type.Array(Self, { maxItems: CEX_ITEMS_MAX }) }),
      Closed({ "#set": Type.Array(Self, { maxItems: CEX_ITEMS_MAX }) }),
      Closed({ "#map": Type.Array(Type.Tuple([Self, Self]), { maxItems: CEX_ITEMS_MAX }) }),
      Closed({ "#unserializable": Text }, { description: "what no form holds, in words: null, undefined, a function, an algebraic number" }),
      Type.Array(Self, { maxItems: CEX_ITEMS_MAX }),
      Type.Record(CexName, Self, { additionalProperties: false, maxProperties: CEX_ITEMS_MAX }),
    ]),
  { $id: "CexValue" },
);
export type CexValue = Static<typeof CexValue>;

/** An integer of any size in its one form. */
export function cexInteger(value: bigint): CexValue {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : { "#bigint": String(value) };
}

/** A double by its bits; no two doubles share a form, and a NaN has one. */
export function cexDouble(value: number): CexValue {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return { "#double": view.getBigUint64(0).toString(16).padStart(16, "0") };
}

/** The double of sixteen hexadecimal digits. */
export function doubleOfBits(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

/** A rational in lowest terms; an integer where the denominator comes out as one. Requires a denominator other than 0. */
export function cexRational(numerator: bigint, denominator: bigint): CexValue {
  if (denominator === 0n) throw new RangeError("a rational over zero");
  const [n, d] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator];
  let [a, b] = [n < 0n ? -n : n, d];
  while (b !== 0n) [a, b] = [b, a % b];
  return d / a === 1n ? cexInteger(n / a) : { "#rational": [String(n / a), String(d / a)] };
}

type Fields = Readonly<Record<string, CexValue>>;

const isRecord = (value: CexValue): value is Fields => typeof value === "object" && !Array.isArray(value);
const byText = (a: CexValue, b: CexValue): number => (canonicalText(a) < canonicalText(b) ? -1 : 1);

function distinct(values: readonly CexValue[]): CexValue[] {
  const seen = new Map(values.map((value) => [canonicalText(value), value] as const));
  return [...seen.values()].sort(byText);
}

/** The same value in its one spelling: sets and maps in order and without repetition, integers as small as they are, rationals in lowest terms. */
export function normalValue(value: CexValue): CexValue {
  if (Array.isArray(value)) return value.map(normalValue);
  if (!isRecord(value)) return Object.is(value, -0) ? 0 : value;
  if ("#bigint" in value) return cexInteger(BigInt(String(value["#bigint"])));
  if ("#double" in value) return cexDouble(doubleOfBits(String(value["#double"])));
  if ("#rational" in value && Array.isArray(value["#rational"])) {
    const [n, d] = value["#rational"].map(String);
    return d === "0" || n === undefined || d === undefined ? { "#unserializable": `${n}/${d}` } : cexRational(BigInt(n), BigInt(d));
  }
  if ("#set" in value && Array.isArray(value["#set"])) return { "#set": distinct(value["#set"].map(normalValue)) };
  if ("#map" in value && Array.isArray(value["#map"])) {
    const pairs = new Map(value["#map"].map((pair) => {
      const [key, item] = Array.isArray(pair) ? pair.map(normalValue) : [];
      if (key === undefined || item === undefined) throw new TypeError("a map of what are no pairs");
      return [canonicalText(key), [key, item] as [CexValue, CexValue]] as const;
    }));
    return { "#map": [...pairs.values()].sort(([a], [b]) => byText(a, b)) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalValue(item)])) as CexValue;
}

/**
 * In the form that conditions are asked with: numbers, bigints, strings, lists; a set and a tuple are the list of their items.
 * Undefined for what has none: a map, a constructor, a fraction.
 */
export function plainOf(value: CexValue): unknown {
  if (typeof value !== "object") return value;
  const list = (items: readonly CexValue[]): unknown => {
    const plain = items.map(plainOf);
    return plain.includes(undefined) ? undefined : plain;
  };
  if (Array.isArray(value)) return list(value);
  if ("#bigint" in value) return BigInt(String(value["#bigint"]));
  if ("#double" in value) return doubleOfBits(String(value["#double"]));
  if ("#set" in value && Array.isArray(value["#set"])) return list(value["#set"]);
  return "#tup" in value && Array.isArray(value["#tup"]) ? list(value["#tup"]) : undefined;
}
