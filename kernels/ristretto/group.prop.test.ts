import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { times } from "../../daemon/testing/scale.ts";
import type { RangeGroup, Sum } from "./group.ts";
import { createReferenceGroup } from "./reference.ts";
import { createWasmGroup } from "./wasm.ts";

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const kernel = createWasmGroup();
const reference = createReferenceGroup();
const NOTHING: Sum = { bits: 8, g: [], h: [], basepoint: 0n, blinding: 0n, points: [] };
const hex = (group: RangeGroup, sum: Partial<Sum>): string | null => group.sum({ ...NOTHING, ...sum })?.toHex() ?? null;
const both = (sum: Partial<Sum>): void => expect(hex(kernel, sum)).toBe(hex(reference, sum));

/** Also those whose digits run over every border of a window, and the ends. */
const scalar = fc.oneof(fc.bigInt({ min: 0n, max: ORDER - 1n }), fc.constantFrom(0n, 1n, 31n, 32n, 33n, 63n, ORDER - 1n, ORDER - 2n, 2n ** 252n, 2n ** 128n - 1n), fc.integer({ min: 0, max: 251 }).map((bit) => 1n << BigInt(bit)));

test("sums of generators, bases and points are the reference's, whatever the scalars", () => {
  const points = fc.array(fc.tuple(scalar, scalar), { maxLength: 4 });
  const holds = fc.property(fc.constantFrom(8, 16), fc.array(scalar, { maxLength: 20 }), fc.array(scalar, { maxLength: 12 }), scalar, scalar, points, (bits, g, h, basepoint, blinding, made) => {
    const terms = made.map(([of, times_it]) => ({ point: reference.sum({ ...NOTHING, basepoint: of }) ?? new Uint8Array(32), scalar: times_it }));
    both({ bits, g, h, basepoint, blinding, points: terms });
  });
  expect(() => fc.assert(holds, { numRuns: times(12) })).not.toThrow();
});

test("a sum that vanishes is the identity: a point and what it is taken from", () => {
  const holds = fc.property(scalar, scalar, (a, b) => {
    const point = kernel.sum({ ...NOTHING, basepoint: a, blinding: b });
    if (point === null) throw new Error("a sum has no encoding");
    expect(hex(kernel, { basepoint: a, blinding: b, points: [{ point, scalar: ORDER - 1n }] })).toBe("00".repeat(32));
  });
  expect(() => fc.assert(holds, { numRuns: times(40) })).not.toThrow();
});

test("any 32 bytes decode exactly where the reference decodes them", () => {
  const bytes = fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), scalar.map((of) => reference.sum({ ...NOTHING, basepoint: of }) ?? new Uint8Array(32)));
  const holds = fc.property(bytes, fc.boolean(), (point, even) => {
    const tried = point.slice();
    if (even) tried[0] = (tried[0] ?? 0) & 0xfe;
    both({ points: [{ point: tried, scalar: 1n }] });
  });
  expect(() => fc.assert(holds, { numRuns: times(80) })).not.toThrow();
});

describe("encodings that RFC 9496 refuses (appendix A.3)", () => {
  const refused = {
    "p, which is another zero": `ed${"ff".repeat(30)}7f`,
    "above p": `ff${"ff".repeat(30)}7f`,
    "the top bit set": `00${"00".repeat(30)}80`,
    negative: `01${"00".repeat(31)}`,
    "p - 1, negative too": `ec${"ff".repeat(30)}7f`,
    "a non-square": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "a negative product": "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "y is zero": `ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
  };
  test.each(Object.entries(refused))("%s", (_name, encoding) => {
    expect(hex(kernel, { points: [{ point: Uint8Array.fromHex(encoding), scalar: 1n }] })).toBeNull();
  });
  test("too few bytes", () => {
    expect(hex(kernel, { points: [{ point: new Uint8Array(31), scalar: 1n }] })).toBeNull();
  });
});

test("multiples of B are those of RFC 9496, appendix A.1", () => {
  const listed = ["00".repeat(32), "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76", "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919", "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259"];
  expect(listed.map((_, i) => hex(kernel, { basepoint: BigInt(i) }))).toEqual(listed);
});

test("a sum of more than the kernel holds is refused before anything is written", () => {
  const point = new Uint8Array(32);
  expect(() => kernel.sum({ ...NOTHING, points: Array.from({ length: 61 }, () => ({ point, scalar: 1n })) })).toThrow("more points than the kernel holds");
  expect(() => kernel.sum({ ...NOTHING, g: Array.from({ length: 65 }, () => 1n) })).toThrow("more points");
  expect(() => kernel.sum({ ...NOTHING, bits: 65 })).toThrow("more points");
});

test("a long sum of all sixteen chains, party by party", () => {
  const list = Array.from({ length: 64 }, (_, i) => BigInt(i * i + 1));
  both({ bits: 8, g: list, h: list.toReversed() });
});
