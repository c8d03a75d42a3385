import { describe, expect, test } from "bun:test";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import fc from "fast-check";
import { canonicalBytes, canonicalText } from "./canonical.ts";
import { cexDouble, cexInteger, cexRational, CexValue, doubleOfBits, normalValue } from "./cex-value.ts";
import { CEX_ENGINES, Counterexample, counterexampleBytes, normalCounterexample, readCounterexample } from "./counterexample.ts";
import { utf8 } from "./encoding.ts";
import { fromItf, toItf } from "./itf.ts";

const schema = TypeCompiler.Compile(Counterexample);
const values = TypeCompiler.Compile(CexValue);
const check = (value: unknown): value is Counterexample => schema.Check(value);
const SEED = 20_261_122;
const RUNS = { seed: SEED, numRuns: 150 };

const name = fc.stringMatching(/^[a-z_][A-Za-z0-9_ .:-]{0,11}$/);
const leaf: fc.Arbitrary<CexValue> = fc.oneof(
  fc.boolean(),
  fc.string({ maxLength: 12, unit: "grapheme" }),
  fc.bigInt().map(cexInteger),
  fc.double().map(cexDouble),
  fc.tuple(fc.bigInt(), fc.bigInt({ min: 1n })).map(([n, d]) => cexRational(n, d)),
  fc.stringMatching(/^[01]{1,70}$/).map((bits) => ({ "#bits": bits })),
  fc.constantFrom("undefined", "null", 'maestro:{"#bits":"1"}', "maestro:nonsense").map((text) => ({ "#unserializable": text })),
);
const { value } = fc.letrec<{ value: CexValue }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthIdentifier: "value" }, leaf, fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 3 }).map((items) => ({ "#tup": items })), fc.array(tie("value"), { maxLength: 4 }).map((items) => ({ "#set": items })),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => ({ "#map": pairs })), fc.tuple(name, fc.array(tie("value"), { maxLength: 2 })).map(([ctor, args]) => ({ "#ctor": ctor, args }))),
}));

const text = fc.string({ maxLength: 20, unit: "grapheme" });
const location = fc.option(fc.record({ path: fc.constantFrom({ u: "a b.ts" }, { b64: "/w==" }), start_line: fc.integer({ min: 1, max: 99 }), end_line: fc.integer({ min: 1, max: 99 }) }));
const base = fc.record({
  type: fc.constant("maestro.cex/v1" as const), invariant: fc.constantFrom("ledger.sum", "queue/fifo"), engine: fc.constantFrom(...CEX_ENGINES), message: text,
  seed: fc.option(fc.integer()), path: fc.option(fc.constantFrom("0", "3:1:0:2")), smt2_sha256: fc.option(fc.constant("a".repeat(64))), spec_sha256: fc.option(fc.constant("b".repeat(64))),
  replay: fc.record({ command: fc.array(text, { minLength: 1, maxLength: 3 }), verdict: fc.constantFrom("reproduced" as const, "not-reproduced" as const) }),
});
const traced = fc.tuple(base, fc.uniqueArray(name, { maxLength: 3 }), fc.array(fc.tuple(text, location, fc.array(value, { minLength: 3, maxLength: 3 })), { minLength: 1, maxLength: 4 }), fc.constantFrom("ends", "stands", "loops"), fc.nat())
  .map(([rest, names, steps, end, at]): Counterexample => ({
    ...rest, inputs: null, stutter: end === "stands", loop_at: end === "loops" ? at % steps.length : null,
    trace: steps.map(([action, where, items]) => ({ action, location: where, state: Object.fromEntries(names.map((one, i) => [one, items[i] ?? 0])) })),
  }));
const given = fc.tuple(base, fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true })).map(([rest, inputs]): Counterexample => ({ ...rest, inputs, trace: null, stutter: false, loop_at: null }));
const counterexample = fc.oneof(traced, given);
const CONTEXT = { invariant: "theirs", engine: "tlc" as const, message: "m", replay: { command: ["x"] } };

test("bytes and ITF give every counterexample back in its normal form, and the form is one", () => {
  fc.assert(
    fc.property(counterexample, (cex) => {
      const bytes = counterexampleBytes(cex);
      const normal = normalCounterexample(cex);
      expect(readCounterexample(bytes, check)).toEqual(normal);
      expect(canonicalText(normalCounterexample(normal))).toBe(canonicalText(normal));
      expect(canonicalText(fromItf(canonicalBytes(toItf(cex)), CONTEXT, check))).toBe(canonicalText(normal));
    }),
    RUNS,
  );
});

test("the order of a set or a map and the spelling of an integer make no second document", () => {
  const one: CexValue = { "#set": [3, { "#bigint": "1" }, { "#map": [["b", 1], ["a", 2]] }] };
  const other: CexValue = { "#set": [{ "#map": [["a", 2], ["b", 1]] }, 1, 3, 3] };
  expect(canonicalText(normalValue(one))).toBe(canonicalText(normalValue(other)));
});

test("doubles keep their bits: -0, the smallest, infinities and the last digit", () => {
  for (const number of [0, -0, 5e-324, -Infinity, 0.1 + 0.2, Number.MAX_VALUE, NaN]) {
    const kept = cexDouble(number);
    expect(values.Check(kept)).toBe(true);
    expect(Object.is(doubleOfBits((kept as { "#double": string })["#double"]), number)).toBe(true);
  }
  expect(canonicalText(cexDouble(0))).not.toBe(canonicalText(cexDouble(-0)));
});

test("rationals come in lowest terms with a positive denominator, and whole ones as integers", () => {
  expect([cexRational(6n, -4n), cexRational(-8n, 4n), cexRational(0n, 7n)]).toEqual([{ "#rational": ["-3", "2"] }, -2, 0]);
});

const SAMPLE: Counterexample = {
  type: "maestro.cex/v1", invariant: "a", engine: "tlc", message: "m", inputs: null, trace: [{ action: "Init", location: null, state: { x: 0 } }, { action: "Next", location: null, state: { x: 1 } }],
  loop_at: 1, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["maestro"], verdict: "reproduced" },
};

describe("what is none is refused", () => {
  const cases: readonly (readonly [string, Partial<Counterexample>])[] = [
    ["neither inputs nor a trace", { trace: null, loop_at: null }], ["inputs and a trace", { inputs: { a: 1 } }], ["a loop to nowhere", { loop_at: 2 }],
    ["a loop that stands still", { stutter: true }], ["inputs that stand still", { trace: null, inputs: {}, loop_at: null, stutter: true }],
    ["states of different variables", { trace: [{ action: "a", location: null, state: { x: 1 } }, { action: "b", location: null, state: { y: 1 } }] }],
  ];
  test.each(cases)("%s", (_name, change) => {
    expect(() => counterexampleBytes({ ...SAMPLE, ...change })).toThrow("counterexample");
  });

  test("attack: bytes that are canonical JSON but not the normal form, an unknown field, a name that looks like a form", () => {
    const bytesOf = (state: unknown): Uint8Array => canonicalBytes({ ...SAMPLE, loop_at: null, trace: [{ action: "a", location: null, state }] });
    expect(readCounterexample(bytesOf({ x: { "#set": [1, 2] } }), check).engine).toBe("tlc");
    for (const state of [{ x: { "#set": [2, 1] } }, { x: { "#bigint": "1" } }, { "#x": 1 }, { x: { "#set": [1], b: 2 } }, { x: null }]) expect(() => readCounterexample(bytesOf(state), check)).toThrow();
    expect(() => readCounterexample(canonicalBytes({ ...SAMPLE, extra: 1 }), check)).toThrow("maestro.cex/v1");
  });

  test("attack: nesting without end and a document without end stop at their limits", () => {
    let deep: CexValue = 1;
    for (let i = 0; i < 100; i++) deep = [deep];
    expect(() => readCounterexample(canonicalBytes({ ...SAMPLE, trace: [{ action: "a", location: null, state: { deep } }], loop_at: null }), check)).toThrow();
    expect(() => counterexampleBytes({ ...SAMPLE, inputs: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, "x".repeat(9_000)])), trace: null, loop_at: null })).toThrow("limit");
  });
});

describe("ITF of other tools", () => {
  const QUINT = { "#meta": { format: "ITF", status: "violation", timestamp: 1732300000000 }, vars: ["balance", "owners"], states: [
    { "#meta": { index: 0 }, balance: { "#bigint": "0" }, owners: { "#set": ["bob", "alice"] } },
    { "#meta": { index: 1 }, balance: { "#bigint": "-340282366920938463463374607431768211456" }, owners: { "#map": [[{ "#tup": [1, "a"] }, { tag: "Some", value: true }]] } },
  ], loop: 0 };

  test("a trace of Quint is read, and nobody here has replayed it", () => {
    const cex = fromItf(utf8(JSON.stringify(QUINT)), CONTEXT, check);
    expect(cex.replay.verdict).toBe("not-reproduced");
    expect([cex.loop_at, cex.trace?.map(({ action }) => action)]).toEqual([0, ["initial", "step 1"]]);
    expect(cex.trace?.[0]?.state).toEqual({ balance: 0, owners: { "#set": ["alice", "bob"] } });
    expect(cex.trace?.[1]?.state["balance"]).toEqual({ "#bigint": "-340282366920938463463374607431768211456" });
  });

  test.each([["no states", { ...QUINT, states: 3 }], ["a missing variable", { ...QUINT, vars: ["balance", "owners", "gone"] }], ["a loop out of the trace", { ...QUINT, loop: 9 }], ["no object", []]])("%s is refused", (_name, document) => {
    expect(() => fromItf(utf8(JSON.stringify(document)), CONTEXT, check)).toThrow("ITF");
  });
});
