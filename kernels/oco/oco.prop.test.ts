/** The kernel against the reference to the bit, and the certificate against whatever an adversary makes of it. */
import { describe, expect, test } from "bun:test";
import { createFavours, createPricer, type Pricer, type PricerSettings } from "./index.ts";
import { createReferencePricer } from "./reference.ts";
import { SEED } from "../../daemon/testing/seed.ts";

/** mulberry32, in [0, 1). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function settings(next: () => number): PricerSettings {
  return {
    resources: Array.from({ length: 1 + Math.floor(8 * next()) }, () => ({ capacity: 0.01 + 100 * next(), price_max: 0.05 + 5 * next(), step_max: next() < 0.3 ? 1 : 0.05 + 0.9 * next() })),
    method: next() < 0.5 ? "adagrad" : "ogd",
    window_slots: next() < 0.5 ? 0 : 1 + Math.floor(40 * next()),
  };
}

/** Use of a slot by some tenants: calm, idle, bursting, or just what is there. */
function useOf({ resources }: PricerSettings, tenants: number, next: () => number): number[][] {
  const mood = next();
  const size = mood < 0.1 ? 0 : mood < 0.2 ? 50 * next() : 2 * next();
  return resources.map(({ capacity }) => Array.from({ length: tenants }, () => (mood > 0.95 ? capacity / tenants : (size * capacity * 2 * next()) / tenants)));
}

test(`prices and both sides of the certificate are the reference's, seed ${SEED}`, () => {
  const next = dice(SEED);
  for (let run = 0; run < 30; run++) {
    const chosen = settings(next);
    const [kernel, reference] = [createPricer(chosen), createReferencePricer(chosen)];
    const tenants = 1 + Math.floor(64 * next());
    for (let slot = 0; slot < 120; slot++) {
      const use = useOf(chosen, tenants, next);
      expect(kernel.step(use)).toEqual(reference.step(use));
      expect(kernel.prices()).toEqual(reference.prices());
    }
  }
});

test(`regret against every fixed price stays below the promise, at every prefix, seed ${SEED}`, () => {
  const next = dice(SEED);
  let tight = 0;
  for (let run = 0; run < 100; run++) {
    const chosen = { ...settings(next), window_slots: 0 };
    const pricer = createPricer(chosen);
    const corners = [0, 0.3, 1];
    const rivals = corners.flatMap((a) => corners.map((b) => chosen.resources.map(({ price_max }, i) => price_max * (i % 2 === 0 ? a : b))));
    const paid = { own: 0, rivals: rivals.map(() => 0) };
    for (let slot = 0; slot < 100; slot++) {
      const prices = pricer.prices();
      // The worst for a price is demand that turns round just when it has moved.
      const spiteful = run % 2 === 0 ? chosen.resources.map(({ capacity, price_max }, i) => [(prices[i] ?? 0) > price_max / 2 ? 0 : 2 * capacity]) : useOf(chosen, 1, next);
      const linear = (at: readonly number[]): number => chosen.resources.reduce((sum, { capacity }, i) => sum + (capacity - (spiteful[i]?.[0] ?? 0)) * (at[i] ?? 0), 0);
      paid.own += linear(prices);
      rivals.forEach((rival, i) => (paid.rivals[i] = (paid.rivals[i] ?? 0) + linear(rival)));
      const { regret, promise } = pricer.step(spiteful);
      const scale = 1e-9 * (1 + Math.abs(promise));
      expect(paid.own - Math.min(...paid.rivals)).toBeLessThanOrEqual(regret + scale);
      expect(regret).toBeLessThanOrEqual(promise + scale);
      if (regret > 0.2 * promise) tight++;
    }
  }
  // Otherwise the bound is so loose that nothing could break it.
  expect(tight).toBeGreaterThan(50);
});

test("no price moves by more than its share in one slot, and none leaves its box", () => {
  const next = dice(SEED + 1);
  for (let run = 0; run < 50; run++) {
    const chosen = settings(next);
    const pricer = createPricer(chosen);
    let before = pricer.prices();
    for (let slot = 0; slot < 100; slot++) {
      pricer.step(useOf(chosen, 3, next));
      const after = pricer.prices();
      after.forEach((price, i) => {
        const { price_max = 0, step_max = 0 } = chosen.resources[i] ?? {};
        expect(price >= 0 && price <= price_max).toBe(true);
        expect(Math.abs(price - (before[i] ?? 0))).toBeLessThanOrEqual(step_max * price_max * (1 + 1e-12));
      });
      before = after;
    }
  }
});

test("a price rises while more is used than there is, and falls while less is", () => {
  const chosen: PricerSettings = { resources: [{ capacity: 10, price_max: 4, step_max: 0.25 }], method: "adagrad", window_slots: 0 };
  const pricer = createPricer(chosen);
  pricer.step([[30]]);
  const [high = 0] = pricer.prices();
  expect(high).toBeGreaterThan(0);
  pricer.step([[2]]);
  expect(pricer.prices()[0]).toBeLessThan(high);
});

test.each(["adagrad", "ogd"] as const)("%s: a resource in another unit, and others beside it, leave its price what it is", (method) => {
  const of = (unit: number): PricerSettings["resources"][number] => ({ capacity: 10 * unit, price_max: 4 / unit, step_max: 0.25 });
  const [whole, millionths, beside] = [[of(1)], [of(1e6)], [of(1), { capacity: 5e6, price_max: 1e-6, step_max: 1 }]].map((resources) => createPricer({ resources, method, window_slots: 50 })) as [Pricer, Pricer, Pricer];
  for (let slot = 0; slot < 200; slot++) {
    const used = (slot * 7_919) % 23;
    whole.step([[used]]);
    millionths.step([[used * 1e6]]);
    beside.step([[used], [((slot * 31) % 9) * 1e6]]);
    const [price = Number.NaN] = whole.prices();
    expect(Math.abs((millionths.prices()[0] ?? Number.NaN) * 1e6 - price)).toBeLessThan(1e-12);
    expect(beside.prices()[0]).toBe(price);
  }
});

test("a pricer taken up from its state goes on with the same bits", () => {
  const next = dice(4);
  const chosen: PricerSettings = { resources: [{ capacity: 3, price_max: 4, step_max: 0.25 }, { capacity: 1, price_max: 0.05, step_max: 1 }], method: "adagrad", window_slots: 7 };
  const uses = Array.from({ length: 40 }, () => useOf(chosen, 5, next));
  const whole = createPricer(chosen);
  const answers = uses.map((use) => whole.step(use));
  let pricer = createPricer(chosen);
  const pieces = uses.map((use) => {
    pricer = createPricer(chosen, JSON.parse(JSON.stringify(pricer.state())));
    return pricer.step(use);
  });
  expect(pieces).toEqual(answers);
});

describe("what cannot be priced is refused", () => {
  const good = { capacity: 1, price_max: 1, step_max: 1 };
  test.each([[{ ...good, capacity: 0 }], [{ ...good, price_max: -1 }], [{ ...good, step_max: 1.1 }], [{ ...good, step_max: 0 }], [{ ...good, capacity: Number.NaN }], [{ ...good, capacity: 1e300 }], [{ ...good, capacity: 1e-300 }], [{ ...good, price_max: 1e200 }], [{ ...good, step_max: 1e-200 }]])("%j", (bad) => {
    expect(() => createPricer({ resources: [bad], method: "adagrad", window_slots: 0 })).toThrow(RangeError);
  });
  test("use that is no number, of too many tenants, or of another resource", () => {
    const pricer = createPricer({ resources: [good], method: "adagrad", window_slots: 0 });
    for (const use of [[[Number.NaN]], [[-1]], [[Number.POSITIVE_INFINITY]], [[1e200]], [[1], [1]], [Array.from({ length: 65 }, () => 1)]]) expect(() => pricer.step(use)).toThrow(RangeError);
    expect(pricer.prices()).toEqual([0]);
  });
  test("a state of other settings, or one with a number that is none", () => {
    const chosen: PricerSettings = { resources: [good, good], method: "adagrad", window_slots: 0 };
    const kept = createPricer(chosen).state();
    expect(createPricer(chosen, kept).prices()).toEqual([0, 0]);
    for (const bad of [{ ...kept, price: [0] }, { ...kept, price: [0, 1.5] }, { ...kept, price: [0, Number.NaN] }, { ...kept, squares: [-1, 0] }, { ...kept, paid: [0, 0, 0] }, { ...kept, closed: [0, 0] }]) expect(() => createPricer(chosen, bad)).toThrow("a pricer's state");
  });
  test("shares and weights that are none", () => {
    for (const [floors, rate, most, from] of [[[Number.NaN], 1, 1, [0]], [[1.5], 1, 1, [0]], [[0.5], Number.NaN, 1, [0]], [[0.5], 1, 1, [2]], [[0.5], 1, 1, [-1]]] as const) expect(() => createFavours(floors, rate, most, from)).toThrow(RangeError);
    const favours = createFavours([0.5], 1, 2);
    for (const served of [[Number.NaN], [-0.5], [1e200], [0.5, 0.5]]) expect(() => [favours.step(served), favours.jain(served)]).toThrow(RangeError);
    expect(favours.step([null])).toEqual([0]);
  });
});

test("the ends of what is priced: certificates stay numbers, and regret below promise", () => {
  for (const [capacity, price_max, used] of [[1e-100, 1e100, 1e100], [1e100, 1e-100, 0], [1e-100, 1e-100, 0], [1e100, 1e100, 1e100], [1, 1, 1e-300]] as const) {
    for (const method of ["adagrad", "ogd"] as const) {
      const pricer = createPricer({ resources: [{ capacity, price_max, step_max: 1e-9 }], method, window_slots: 3 });
      for (let slot = 0; slot < 12; slot++) {
        const { regret, promise } = pricer.step([[slot % 2 === 0 ? used : 0]]);
        expect(Number.isFinite(promise) && regret <= promise * (1 + 1e-12)).toBe(true);
      }
    }
  }
});

test("a tenant served below its floor gains weight until it is, and loses it after; whoever asked for nothing is left alone", () => {
  const favours = createFavours([0.5, 0.5, 0.5], 1, 2);
  expect(favours.step([0.25, 0.75, null])).toEqual([0.25, 0, 0]);
  expect(favours.step([0, 1, 0.25])).toEqual([0.75, 0, 0.25]);
  for (let slot = 0; slot < 10; slot++) favours.step([0, null, null]);
  expect(favours.step([0, null, null])).toEqual([2, 0, 0.25]);
  expect(favours.step([1, null, 1])).toEqual([1.5, 0, 0]);
});

test("Jain's index: one for equals, (K - 1) / K where one of K gets nothing", () => {
  const favours = createFavours(Array.from({ length: 13 }, () => 0), 1, 1);
  const all = Array.from({ length: 13 }, () => 0.8);
  expect(favours.jain(all)).toBeCloseTo(1, 12);
  expect(favours.jain([0, ...all.slice(1)])).toBeCloseTo(12 / 13, 12);
  expect(favours.jain([null, ...all.slice(1)])).toBeCloseTo(1, 12);
  expect(favours.jain(all.map(() => null))).toBe(1);
});
