/** Any value, printed as TLC prints it, is read back; any text at all is kept. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { tlaText } from "../../cli/modelcheck/written.ts";
import type { Json } from "../../../proto/json.ts";
import { valueOf } from "./values.ts";
import { cpuMs } from "../../testing/cpu.ts";

const name = fc.stringMatching(/^[a-z][A-Za-z0-9_]{0,6}$/);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }).map((n): Json => ({ "#bigint": String(-n) })),
    // TLC writes control characters but these five as they are.
    fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", "\n", "\t", "}", ">>", "@@", "é") }),
    name.filter((text) => text !== "TRUE" && text !== "FALSE").map((text): Json => ({ "#unserializable": text })),
    fc.array(tie("value"), { maxLength: 4 }).map((all): Json => ({ "#tup": all })),
    fc.array(tie("value"), { maxLength: 4 }).map((all): Json => ({ "#set": all })),
    fc.array(fc.tuple(tie("value"), tie("value")), { minLength: 1, maxLength: 3 }).map((all): Json => ({ "#map": all })),
    fc.uniqueArray(fc.tuple(fc.oneof(name, fc.constant("__proto__")), tie("value")), { minLength: 1, maxLength: 3, selector: ([key]) => key }).map((all): Json => Object.fromEntries(all)),
  ),
}));

test("values come back, wherever TLC breaks its lines", () => {
  fc.assert(
    fc.property(value, (written) => {
      const text = tlaText(written);
      expect(valueOf(text)).toEqual(written);
      expect(valueOf(`\n  ${text}\n`)).toEqual(written);
    }),
    { numRuns: 1_000, verbose: 1 },
  );
});

test("what is no value is kept as it was printed, and nothing throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("<<", ">>", "{", "}", "[", "]", "(", ")", ":>", "@@", "|->", ",", "1", "-", '"', "\\", " ", "a", "..") }), (text) => {
      const read = valueOf(text);
      expect(read === null).toBe(false);
    }),
    { numRuns: 2_000, verbose: 1 },
  );
  for (const text of ["SUBSET {1}", "[a -> b]", "<<1", '"a', "{1 2}", "1..999999999", `${"{".repeat(200)}${"}".repeat(200)}`]) expect(valueOf(text)).toEqual({ "#unserializable": text });
  expect(valueOf("1..3")).toEqual({ "#set": [1, 2, 3] });
  expect(valueOf("3..1")).toEqual({ "#set": [] });
});

test("attack: half a megabyte of brackets or quotes takes no time", () => {
  const started = cpuMs();
  for (const piece of ["{", "<<", '"', '\\"', "1,", "a |-> "]) expect(valueOf(piece.repeat(500_000 / piece.length))).toBeDefined();
  expect(cpuMs() - started).toBeLessThan(5_000);
});
