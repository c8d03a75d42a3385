import { describe, expect, test } from "bun:test";
import { type Bounds, choose, type Offer, UNBOUND } from "./choose.ts";

const OFFERS: readonly Offer[] = [
  { service: 0, cost: 0, use: [0, 0] },
  { service: 0.55, cost: 0, use: [0, 6] },
  { service: 0.75, cost: 0.1, use: [0.1, 0] },
  { service: 1, cost: 0.3, use: [0.3, 0] },
];
const arm = (prices: readonly number[], bounds: Partial<Bounds> = {}) => choose(OFFERS, prices, { ...UNBOUND, ...bounds });

describe("the arm of the best score", () => {
  test.each([
    ["nothing is scarce", [0, 0], 3],
    ["dollars are scarce", [1, 0.05], 2],
    ["dollars are very scarce", [9, 0.01], 1],
    ["everything is", [9, 0.1], 0],
  ])("%s", (_, prices, expected) => {
    expect(arm(prices as number[])).toEqual({ arm: expected as number, by: "prices" });
  });

  test("a favoured tenant is served where another is not", () => {
    expect(arm([9, 0.1]).arm).toBe(0);
    expect(arm([9, 0.1], { favour: 0.5 })).toEqual({ arm: 1, by: "prices" });
  });
});

test("a budget takes arms away before any promise, and a promise before the prices", () => {
  expect(arm([0, 0], { room: [0.2, 100] })).toEqual({ arm: 2, by: "room" });
  expect(arm([9, 0.1], { service_min: 0.6 })).toEqual({ arm: 2, by: "floor" });
  expect(arm([9, 0.1], { service_min: 0.6, room: [0.05, 100] })).toEqual({ arm: 1, by: "short" });
  expect(arm([0, 0], { service_min: 0.6, room: [0, 0] })).toEqual({ arm: 0, by: "short" });
  expect(choose(OFFERS.slice(1), [0, 0], { ...UNBOUND, room: [0, 0] })).toEqual({ arm: -1, by: "room" });
  expect(choose([], [], UNBOUND).arm).toBe(-1);
});

test("an arm exactly as large as what is left still fits", () => {
  expect(arm([0, 0], { room: [0.3, 0] })).toEqual({ arm: 3, by: "prices" });
});

test("equal arms take turns, and no other arm gets one", () => {
  const equal: readonly Offer[] = [OFFERS[2] as Offer, OFFERS[0] as Offer, OFFERS[2] as Offer, OFFERS[2] as Offer];
  const seen = [0, 0.34, 0.67, 0.999].map((turn) => choose(equal, [0, 0], { ...UNBOUND, turn }).arm);
  expect(seen).toEqual([0, 2, 3, 3]);
});
