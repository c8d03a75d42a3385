import { expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalBytes, canonicalText, parseCanonical, parseStrict } from "./canonical.ts";
import type { Json } from "./json.ts";
import { fromUtf8Lossy, utf8 } from "./encoding.ts";
import { MaestroError } from "./errors.ts";
import { times } from "../daemon/testing/scale.ts";

const limits = { bytes_max: 1 << 20, depth_max: 64 };
const text = fc.string({ unit: "binary", maxLength: 12 }).filter((value) => value.isWellFormed());
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.constant(null), fc.boolean(), text, fc.maxSafeInteger().map((n) => n + 0),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom("__proto__", "constructor", "1", "10", "2")), tie("value"), { maxKeys: 6 }),
  ),
})).value;

/** Key order of every object turned round: the same value to everybody but its author. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, item]) => [key, reversed(item)]));
}

test("canonical bytes read back to the value, in both readers", () => {
  fc.assert(
    fc.property(json, (value) => {
      const bytes = canonicalBytes(value);
      expect(canonicalText(parseCanonical(bytes, limits))).toBe(canonicalText(value));
      expect(canonicalText(JSON.parse(fromUtf8Lossy(bytes)))).toBe(canonicalText(value));
    }),
    { numRuns: times(500) },
  );
});

test("the order in which keys were written does not matter", () => {
  fc.assert(fc.property(json, (value) => expect(canonicalText(reversed(value))).toBe(canonicalText(value))));
});

test("on any integer JSON, however it is spaced, the strict reader and JSON.parse agree", () => {
  fc.assert(
    fc.property(json, fc.integer({ min: 0, max: 4 }), (value, indent) => {
      const spelled = JSON.stringify(value, null, indent);
      expect(canonicalText(parseStrict(utf8(spelled), limits))).toBe(canonicalText(JSON.parse(spelled)));
    }),
    { numRuns: times(500) },
  );
});

test("on any mutation it refuses with its own error or agrees with JSON.parse: never another value, never a crash", () => {
  const mutation = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), kind: fc.constantFrom("flip", "insert", "cut") });
  fc.assert(
    fc.property(json, mutation, (value, { at, byte, kind }) => {
      const bytes = [...canonicalBytes(value)];
      bytes.splice(at % bytes.length, kind === "insert" ? 0 : 1, ...(kind === "cut" ? [] : [byte]));
      const mutated = Uint8Array.from(bytes);
      let read: Json;
      try {
        read = parseStrict(mutated, limits);
      } catch (error) {
        expect(error).toBeInstanceOf(MaestroError);
        return;
      }
      expect(canonicalText(read)).toBe(canonicalText(JSON.parse(fromUtf8Lossy(mutated))));
    }),
    { numRuns: times(1000) },
  );
});

test("two values never share their canonical bytes", () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      const same = canonicalText(a) === canonicalText(b);
      expect(Bun.deepEquals(a, b, true)).toBe(same);
    }),
    { numRuns: times(300) },
  );
});

test("attack: whatever text JSON.parse forgives, the canonical reader takes only what canonical bytes are, and the value is the strict reader's", () => {
  const piece = fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', '"b"', '"1"', '"10"', '"2"', '"__proto__"', '"toJSON"', '"\\ud800"', '"\\u0061"', '"\\/"', "0", "-0", "1", "1.0", "1e2", "1e400", "9007199254740993", " ", "\ufeff", "\r\n", "null", "true", '"é"', '"e\u0301"');
  const spelled = fc.oneof(fc.array(piece, { maxLength: 9 }).map((parts) => parts.join("")), json.map((value) => JSON.stringify(value)), fc.json());
  fc.assert(
    fc.property(spelled, (one) => {
      let strict: Json | undefined;
      try {
        strict = parseStrict(utf8(one), limits);
      } catch (error) {
        expect(error).toBeInstanceOf(MaestroError);
      }
      const canonical = strict !== undefined && canonicalText(strict) === one;
      let read: Json | undefined;
      try {
        read = parseCanonical(utf8(one), limits);
      } catch (error) {
        expect(error).toBeInstanceOf(MaestroError);
      }
      expect([one, read !== undefined]).toEqual([one, canonical]);
      if (canonical) expect(Bun.deepEquals(read, strict, true)).toBe(true);
    }),
    { numRuns: times(3000) },
  );
});
