/** What the drawing says is said of the resources it names. */
import { expect, test } from "bun:test";
import type { MarketSlot, MarketWindow } from "../../../proto/market.ts";
import { drawing } from "./drawing.ts";

const cells = [0];
const STATE: MarketWindow["state"] = { price: cells, squares: cells, began: cells, divisor: cells, gradients: cells, paid: cells, closed: [0, 0, 0] };
const DOLLARS: MarketWindow = { epoch: 3, method: "adagrad", step_max: 0.25, window_slots: 0, resources: [{ resource: "usd_micro", capacity: 1_000_000, price_max: 4 }], state: STATE };
const SLOTS: MarketSlot[] = Array.from({ length: 40 }, (_, i) => ({ epoch: 3 + i, at_ms: 1_800_000_000_000 + i * 10_000, prices: [0.5], used: [i], regret: 0, promise: 1 }));

test("slots of other resources are not drawn under the names of those in force", () => {
  const tokens: MarketWindow = { ...DOLLARS, epoch: 23, resources: [{ resource: "tokens", capacity: 1_000, price_max: 1 }] };
  const svg = drawing(SLOTS, [DOLLARS, tokens]) ?? "";
  expect([svg.includes("slots 23 to 42"), svg.includes("tokens"), svg.includes("usd_micro")]).toEqual([true, true, false]);
  expect(drawing(SLOTS, [{ ...DOLLARS, epoch: 23 }])).toContain("slots 3 to 42");
});
