/** The best fixed price and its printed error against a search that needs no convexity, and against worlds whose answer is known. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { createPricer } from "../../../kernels/oco/index.ts";
import { certified } from "./certificate.ts";
import { fixedOfEqualUse, peakOf, totalOf, underFixed } from "./control.ts";
import { columnsOf, lossAt, type LoggedRequest, type LoggedSlot, type PricedBox } from "../../../kernels/oco/loss.ts";
import { bestPrice, exactRegret, paidLosses } from "../../../kernels/oco/regret.ts";

/** Of one test, on a slow machine under load. */
const DEADLINE_MS = 60_000;
setDefaultTimeout(DEADLINE_MS);

const amount = fc.integer({ min: 0, max: 40 }).map((tenths) => tenths / 10);

function world(resources: number): fc.Arbitrary<{ readonly slots: LoggedSlot[]; readonly box: PricedBox[] }> {
  const use = fc.array(amount, { minLength: resources, maxLength: resources });
  const request: fc.Arbitrary<LoggedRequest> = fc.array(fc.tuple(amount, use), { minLength: 1, maxLength: 4 }).map((arms) => ({ worth: arms.map(([worth]) => worth), use: arms.map(([, row]) => row) }));
  const slot = fc.record({ prices: use, requests: fc.array(request, { maxLength: 5 }) });
  const priced = fc.record({ capacity: amount.map((value) => value + 0.1), price_max: fc.constantFrom(0.5, 1, 4) });
  return fc.record({ slots: fc.array(slot, { minLength: 1, maxLength: 8 }), box: fc.array(priced, { minLength: resources, maxLength: resources }) });
}

/** Every vertex of the loss over an interval: where two arms of one request are equal, and its ends. */
function vertices(slots: readonly LoggedSlot[], { price_max }: PricedBox): number[] {
  const crossings = slots.flatMap(({ requests }) =>
    requests.flatMap(({ worth, use }) => worth.flatMap((w, a) => worth.map((v, b) => (w - v) / ((use[a]?.[0] ?? 0) - (use[b]?.[0] ?? 0))))),
  );
  return [0, price_max, ...crossings.filter((price) => price > 0 && price < price_max)];
}

describe("the best fixed price", () => {
  test("of one resource it is the least over all corners of the loss", () => {
    fc.assert(
      fc.property(world(1), ({ slots, box }) => {
        const columns = columnsOf(slots, 1);
        const least = Math.min(...vertices(slots, box[0] as PricedBox).map((price) => lossAt(columns, box, 0, [price], slots.length).value));
        const found = bestPrice(columns, box, slots.length);
        expect(found.error).toBeLessThan(1e-9);
        expect(Math.abs(found.loss - least)).toBeLessThanOrEqual(1e-9);
      }),
      { numRuns: 200 },
    );
  });

  test.each([2, 3, 4])("of %i resources no price of a fine grid or of steps downhill is better by more than the printed error", (resources) => {
    fc.assert(
      fc.property(world(resources), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), ({ slots, box }, luck) => {
        const columns = columnsOf(slots, resources);
        const found = bestPrice(columns, box, slots.length, box.map(({ price_max }) => price_max));
        expect(found.error).toBeLessThan(1e-9);
        const at = (prices: readonly number[]): number => lossAt(columns, box, 0, prices, slots.length).value;
        expect(at(found.prices)).toBe(found.loss);
        for (let i = 0; i < 200; i++) expect(at(box.map(({ price_max }) => price_max * (luck.next().value ?? 0)))).toBeGreaterThanOrEqual(found.loss - found.error);
        for (let i = 0; i < 200; i++) expect(at(found.prices.map((price, k) => Math.min(Math.max(price + ((luck.next().value ?? 0) - 0.5) / 100, 0), box[k]?.price_max ?? 0)))).toBeGreaterThanOrEqual(found.loss - found.error);
      }),
      { numRuns: 25 },
    );
  });

  test("of a world with one agent that buys below its worth it is that worth", () => {
    const slots: LoggedSlot[] = Array.from({ length: 10 }, () => ({ prices: [0], requests: Array.from({ length: 6 }, () => ({ worth: [0, 2], use: [[0], [1]] })) }));
    const { prices, loss } = bestPrice(columnsOf(slots, 1), [{ capacity: 3, price_max: 5 }], 10);
    expect(prices[0]).toBeCloseTo(2, 9);
    expect(loss).toBeCloseTo(60, 9);
  });
});

test("exact regret is at most the linear one, and both sides made from the log are the kernel's, window after window", () => {
  fc.assert(
    fc.property(world(2), fc.integer({ min: 0, max: 3 }), ({ slots, box }, window_slots) => {
      const settings = { resources: box.map((priced) => ({ ...priced, step_max: 0.25 })), method: "adagrad" as const, window_slots };
      const pricer = createPricer(settings);
      const answers: unknown[] = [];
      const logged: LoggedSlot[] = [];
      const rows = slots.map(({ requests }) => {
        const prices = pricer.prices();
        const one = [{ prices, requests }];
        logged.push(...one);
        const used = underFixed(columnsOf(one, 2), prices).use[0] ?? [];
        answers.push(pricer.step(used.map((total) => [total])));
        return { prices, use: used.map((total) => [total]) };
      });
      const both = certified(settings, rows);
      expect(both.map(({ regret, promise }) => ({ regret, promise }))).toEqual(answers as typeof both);
      expect(both.every(({ stepped }) => stepped)).toBe(true);
      const columns = columnsOf(logged, 2);
      const paid = paidLosses(columns, box, logged.map(({ prices }) => prices));
      both.forEach(({ regret, promise }, i) => {
        const exact = exactRegret(columns, box, paid, i + 1);
        expect(exact.regret - exact.error).toBeLessThanOrEqual(regret + 1e-9);
        expect(regret).toBeLessThanOrEqual(promise + 1e-9);
      });
    }),
    { numRuns: 30 },
  );
});

test("prices that no step gave are noticed, and their regret is their own", () => {
  const settings = { resources: [{ capacity: 1, price_max: 4, step_max: 1 }], method: "adagrad" as const, window_slots: 0 };
  const rows = Array.from({ length: 200 }, () => ({ prices: [4], use: [[0]] }));
  const last = certified(settings, rows).at(-1);
  expect(last).toMatchObject({ stepped: false, regret: 800 });
  expect(last?.promise).toBeLessThan(100);
});

test("the control uses no more than it is given, and nothing of that use is worth more", () => {
  fc.assert(
    fc.property(world(1), fc.double({ min: 0, max: 1, noNaN: true }), ({ slots }, part) => {
      const box = [{ capacity: 1, price_max: 1e6 }];
      const columns = columnsOf(slots, 1);
      const most = totalOf(underFixed(columns, [0]).use, 0) * part;
      const least = totalOf(underFixed(columns, [1e6]).use, 0);
      const given = Math.max(most, least);
      const control = fixedOfEqualUse(columns, box, 0, given);
      expect(totalOf(control.use, 0)).toBeLessThanOrEqual(given);
      // No price at which two arms of this world are equal: there the order of arms decides what is used.
      for (const price of [0.012_345, 0.112_345, 0.512_345, 1.012_345, 3.012_345, 10.012_345]) {
        const other = underFixed(columns, [price]);
        if (totalOf(other.use, 0) <= given * (1 - 1e-4)) expect(other.net).toBeLessThanOrEqual(control.net + 1e-9);
      }
    }),
    { numRuns: 60 },
  );
  expect(peakOf([[1], [5], [2], [4]], 0, 2)).toBe(7);
});

test.each([[{ worth: [Number.NaN], use: [[0]] }], [{ worth: [1], use: [[-1]] }], [{ worth: [1, 2], use: [[0]] }], [{ worth: [1], use: [[0, 0]] }]])("a log that says %j is refused", (request) => {
  expect(() => columnsOf([{ prices: [0], requests: [request] }], 1)).toThrow(RangeError);
});
