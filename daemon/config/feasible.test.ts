import { describe, expect, test } from "bun:test";
import { contradictions, type PromisedTenant } from "./feasible.ts";

const USD = { name: "usd_micro", capacity: 10 };
const FREE = Number.POSITIVE_INFINITY;
const tenant = (name: string, given: Partial<PromisedTenant> = {}): PromisedTenant => ({ name, floor: 0.5, ceiling: 1, demand: [10], budget: [FREE], ...given });

describe("promises that cannot hold together are refused with what to change", () => {
  test("floors that sum over the capacity, and the floors it names hold", () => {
    const tenants = [tenant("a", { floor: 0.7 }), tenant("b", { floor: 0.6 }), tenant("idle", { demand: [0] })];
    expect(contradictions([USD], tenants)).toEqual(["floors take 13 of usd_micro a slot, there are 10; lower them (a to 0.538, b to 0.461), or raise the capacity to 13"]);
    expect(contradictions([USD], [tenant("a", { floor: 0.538 }), tenant("b", { floor: 0.461 })])).toEqual([]);
    expect(contradictions([{ ...USD, capacity: 13 }], tenants)).toEqual([]);
  });

  test("floors that fill it exactly hold, and one unit of another resource that they do not fit into is found", () => {
    expect(contradictions([USD], [tenant("a"), tenant("b")])).toEqual([]);
    const two = { demand: [10, 30], budget: [FREE, FREE] };
    expect(contradictions([USD, { name: "gpu_us", capacity: 29 }], [tenant("a", two), tenant("b", two)])).toEqual(["floors take 30 of gpu_us a slot, there are 29; lower them (a to 0.483, b to 0.483), or raise the capacity to 30"]);
  });

  test("a floor above its own ceiling, and one above its own budget", () => {
    expect(contradictions([USD], [tenant("a", { ceiling: 0.2 })])).toEqual(["tenant a: its floor 0.5 takes 5 of usd_micro a slot, its ceiling 0.2 leaves 2; lower the floor to 0.2 or raise the ceiling"]);
    expect(contradictions([USD], [tenant("a", { budget: [4] })])).toEqual(["tenant a: its floor 0.5 takes 5 of usd_micro a slot, its budget comes to 4; lower the floor to 0.4 or raise the budget"]);
    expect(contradictions([USD], [tenant("a", { budget: [5], ceiling: 0.5 })])).toEqual([]);
  });

  test.each([
    [{ floor: 1.2 }, "floor 1.2 is no share"],
    [{ floor: Number.NaN }, "floor NaN is no share"],
    [{ ceiling: 0 }, "ceiling 0 is no share"],
    [{ demand: [Number.NaN] }, "numbers of at least zero"],
    [{ demand: [FREE] }, "numbers of at least zero"],
    [{ demand: [1, 2] }, "numbers of at least zero"],
    [{ budget: [-1] }, "numbers of at least zero"],
  ])("%j is refused", (given, why) => {
    expect(contradictions([USD], [tenant("a", given)]).join()).toContain(why);
  });

  test("a resource of nothing, and a tenant named twice", () => {
    expect(contradictions([{ ...USD, capacity: 0 }], []).join()).toContain("capacity of 0");
    expect(contradictions([USD], [tenant("a"), tenant("a", { floor: 0 })])).toEqual(["tenant a stands there twice; leave one out"]);
  });
});
