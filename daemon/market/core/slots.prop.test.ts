import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createSlots, slotOf, slotsPassed, startSlots } from "./slots.ts";

type Step = { readonly kind: "reserve" | "settle" | "close" | "restart"; readonly tenant: number; readonly a: number; readonly b: number };
const step: fc.Arbitrary<Step> = fc.record({ kind: fc.constantFrom("reserve", "settle", "close", "restart"), tenant: fc.integer({ min: 0, max: 2 }), a: fc.integer({ min: 0, max: 1e12 }), b: fc.integer({ min: 0, max: 1e12 }) });

describe("slot accounting", () => {
  test("every unit is counted once, in whatever order work begins, settles and slots end, over restarts", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let slots = createSlots(startSlots(1, 3, 7));
        const truth = [0, 0, 0];
        const closed = [0, 0, 0];
        const promised: number[][] = [[], [], []];
        for (const { kind, tenant, a, b } of steps) {
          const open = promised[tenant] as number[];
          if (kind === "reserve") {
            slots.reserve(tenant, [a]);
            open.push(a);
            truth[tenant] = (truth[tenant] ?? 0) + a;
          } else if (kind === "settle" && open.length > 0) {
            const had = open.pop() as number;
            slots.settle(tenant, [had], [b]);
            truth[tenant] = (truth[tenant] ?? 0) + b - had;
          } else if (kind === "close") {
            const use = slots.close()[0] as readonly number[];
            expect(Math.min(...use)).toBeGreaterThanOrEqual(0);
            use.forEach((amount, k) => (closed[k] = (closed[k] ?? 0) + amount));
          } else if (kind === "restart") slots = createSlots(JSON.parse(JSON.stringify(slots.state())));
        }
        const left = slots.state().balance[0] as readonly number[];
        expect(closed.map((amount, k) => amount + (left[k] ?? 0))).toEqual(truth);
      }),
    );
  });

  test("use counts in the slot that reserved it, and what settling gives back in the slot that learned of it", () => {
    const slots = createSlots(startSlots(2, 1, 0));
    slots.reserve(0, [100, 7]);
    expect(slots.used(0, 0)).toBe(100);
    expect(slots.close()).toEqual([[100], [7]]);
    slots.reserve(0, [30, 0]);
    slots.settle(0, [100, 7], [60, 9]);
    expect(slots.close()).toEqual([[0], [2]]);
    slots.reserve(0, [30, 0]);
    expect(slots.close()).toEqual([[20], [0]]);
    expect(slots.state().slot).toBe(3);
  });

  test.each([[[-1]], [[0.5]], [[Number.NaN]], [[2 ** 53]], [[1, 1]]])("%j is no amount, and nothing of it is counted", (amounts) => {
    const slots = createSlots(startSlots(1, 1, 0));
    expect(() => slots.reserve(0, amounts)).toThrow(RangeError);
    expect(() => slots.settle(0, [0], amounts)).toThrow(RangeError);
    expect(() => slots.reserve(1, [1])).toThrow(RangeError);
    expect(slots.close()).toEqual([[0]]);
  });
});

test("a clock set back closes nothing, one far ahead closes no more than is bounded, and says what it left out", () => {
  expect(slotOf(59_999, 10_000)).toBe(5);
  expect(slotsPassed(5, 5, 360)).toEqual({ close: 0, skip: 0 });
  expect(slotsPassed(5, 8, 360)).toEqual({ close: 3, skip: 0 });
  expect(slotsPassed(5, -100, 360)).toEqual({ close: 0, skip: 0 });
  expect(slotsPassed(5, 100_005, 360)).toEqual({ close: 360, skip: 99_640 });
});
