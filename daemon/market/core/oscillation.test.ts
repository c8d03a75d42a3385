/** Many agents that all answer one price the same way: what its steps, their cap and taking turns make of them. */
import { describe, expect, test } from "bun:test";
import { createPricer } from "../../../kernels/oco/index.ts";
import { choose, UNBOUND } from "./choose.ts";

const AGENTS = 1000;
const SLOTS = 1000;
const priced = (capacity: number, step_max: number) => ({ capacity, price_max: 4, step_max });

describe("a thousand agents to whom a unit is worth just one dollar, and 400 units", () => {
  const swings = (step_max: number) => {
    const pricer = createPricer({ resources: [priced(400, step_max)], method: "adagrad", window_slots: 0 });
    return Array.from({ length: SLOTS }, () => {
      const price = pricer.prices()[0] ?? 0;
      const used = price < 1 ? AGENTS : price > 1 ? 0 : AGENTS / 2;
      return { price, used, ...pricer.step([[used]]) };
    });
  };
  const widest = (slots: readonly { readonly price: number }[]): number => Math.max(...slots.slice(1).map(({ price }, i) => Math.abs(price - (slots[i]?.price ?? 0))));

  test.each([1, 0.25, 0.05])("swing about it, ever less, and use what there is over time; cap %p", (step_max) => {
    const slots = swings(step_max);
    const late = slots.slice(SLOTS / 2);
    expect(widest(slots)).toBeLessThanOrEqual(step_max * 4 * (1 + 1e-12));
    expect(widest(late)).toBeLessThan(0.25);
    expect(late.every(({ price }) => Math.abs(price - 1) < 0.25)).toBe(true);
    expect(late.reduce((sum, { used }) => sum + used, 0) / late.length).toBeCloseTo(400, -1);
    for (const { regret, promise } of slots) expect(regret).toBeLessThanOrEqual(promise);
  });

  test("the cap is what keeps the first swings small", () => {
    expect(widest(swings(1))).toBeGreaterThan(2);
    expect(widest(swings(0.05))).toBeLessThan(0.21);
  });
});

test("two suppliers at one price: without turns everybody goes to the same one and overruns it, with turns nobody does", () => {
  const overrun = (turns: boolean): number => {
    const pricer = createPricer({ resources: [priced(600, 0.25), priced(600, 0.25)], method: "adagrad", window_slots: 0 });
    const offers = [{ service: 1, cost: 0, use: [1, 0] }, { service: 1, cost: 0, use: [0, 1] }];
    let [luck, slots] = [1, 0];
    for (let slot = 0; slot < 50; slot++) {
      const used = [0, 0];
      for (let agent = 0; agent < AGENTS; agent++) {
        luck = (luck * 16_807) % 2_147_483_647;
        const { arm } = choose(offers, pricer.prices(), { ...UNBOUND, turn: turns ? luck / 2_147_483_647 : 0 });
        used[arm] = (used[arm] ?? 0) + 1;
      }
      if (used.some((amount) => amount > 600)) slots++;
      pricer.step(used.map((amount) => [amount]));
    }
    return slots;
  };
  expect(overrun(false)).toBe(50);
  expect(overrun(true)).toBe(0);
});
