/** The audit finds what anybody changed in the slots, and the drawing holds nothing of anybody else's. */
import { expect, test } from "bun:test";
import { createPricer, startState } from "../../../kernels/oco/index.ts";
import type { MarketSlot, MarketWindow } from "../../../proto/market.ts";
import { audited, type Open } from "./audit.ts";
import { drawing } from "./drawing.ts";

const state = startState(1);
const copied = { price: [...state.price], squares: [...state.squares], began: [...state.began], divisor: [...state.divisor], gradients: [...state.gradients], paid: [...state.paid], closed: [...state.closed] };
const WINDOW: MarketWindow = { epoch: 3, method: "adagrad", step_max: 0.25, window_slots: 0, resources: [{ resource: "usd_micro", capacity: 1_000_000, price_max: 4 }], state: copied };
const pricer = createPricer({ resources: [{ capacity: 1, price_max: 4, step_max: 0.25 }], method: "adagrad", window_slots: 0 });
const SLOTS: MarketSlot[] = Array.from({ length: 40 }, (_, i) => {
  const used = (i * 7_919_113) % 2_500_000;
  const prices = [...pricer.prices()];
  return { epoch: 3 + i, at_ms: 1_800_000_000_000 + i * 10_000, prices, used: [used], ...pricer.step([[used / 1e6]]) };
});
const wrongAt = (slots: readonly MarketSlot[]): number | null => audited(slots, [WINDOW]).wrong?.epoch ?? null;

test("slots as they were give their prices and certificate; those before the first window cannot be told", () => {
  expect(audited(SLOTS, [WINDOW])).toMatchObject({ slots: 40, without_start: 0, wrong: null });
  const older = { ...(SLOTS[0] as MarketSlot), epoch: 2, regret: 9 };
  expect(audited([older, ...SLOTS], [WINDOW])).toMatchObject({ without_start: 1, wrong: null });
});

test("attack: use made smaller, a price moved by a bit, a certificate made prettier, a slot left out", () => {
  const changed = (more: Partial<MarketSlot>): MarketSlot[] => SLOTS.map((slot) => (slot.epoch === 20 ? { ...slot, ...more } : slot));
  const [slot] = SLOTS.filter(({ epoch }) => epoch === 20) as [MarketSlot];
  expect(wrongAt(changed({ used: [(slot.used[0] ?? 0) - 1] }))).toBe(20);
  expect(wrongAt(changed({ prices: [(slot.prices[0] ?? 0) * (1 + 2 ** -52)] }))).toBe(20);
  expect(wrongAt(changed({ regret: slot.regret - 0.1 }))).toBe(20);
  expect(wrongAt(changed({ promise: slot.promise * 2 }))).toBe(20);
  expect(wrongAt(changed({ used: [...slot.used, 0] }))).toBe(20);
  expect(wrongAt(SLOTS.filter(({ epoch }) => epoch !== 20))).toBe(21);
});

const OPEN = { epoch: 43, at_cap: 0, certificate: { regret: SLOTS[39]?.regret ?? 0, promise: SLOTS[39]?.promise ?? 0, holds: true }, resources: [{ resource: "usd_micro" as const, capacity: 1_000_000, price_max: 4, price: pricer.prices()[0] ?? 0, used: 0 }] };

test("attack: the newest slots cut off, prices or a certificate in force that no slot gives", () => {
  const wrong = (slots: readonly MarketSlot[], open: Open): number | null => audited(slots, [WINDOW], open).wrong?.epoch ?? null;
  expect(wrong(SLOTS, OPEN)).toBeNull();
  // Slots that closed while they were fetched are none of its business.
  expect(wrong(SLOTS, { ...OPEN, epoch: 42, certificate: { regret: SLOTS[38]?.regret ?? 0, promise: SLOTS[38]?.promise ?? 0, holds: true }, resources: OPEN.resources.map((priced) => ({ ...priced, price: SLOTS[39]?.prices[0] ?? 0 })) })).toBeNull();
  expect(wrong(SLOTS.slice(0, -2), OPEN)).toBe(42);
  expect(wrong([], OPEN)).toBe(42);
  expect(wrong(SLOTS, { ...OPEN, certificate: { ...OPEN.certificate, regret: -1 } })).toBe(42);
  expect(wrong(SLOTS, { ...OPEN, resources: OPEN.resources.map((priced) => ({ ...priced, price: 0 })) })).toBe(42);
  // Nothing was closed since the prices began anew.
  expect(wrong(SLOTS, { ...OPEN, epoch: 44, at_cap: null, certificate: { regret: 0, promise: 0, holds: true } })).toBeNull();
});

test("attack: a window that forgets what was paid before it, and bad slots left out just before one", () => {
  const resumed = createPricer({ resources: [{ capacity: 1, price_max: 4, step_max: 0.25 }], method: "adagrad", window_slots: 10 });
  const windows: MarketWindow[] = [];
  const slots = SLOTS.map(({ used, ...slot }, i): MarketSlot => {
    const from = resumed.state();
    if (i % 10 === 0) windows.push({ ...WINDOW, window_slots: 10, epoch: slot.epoch, state: Object.fromEntries(Object.entries(from).map(([name, cells]) => [name, [...cells]])) as MarketWindow["state"] });
    return { ...slot, used, prices: [...resumed.prices()], ...resumed.step([[(used[0] ?? 0) / 1e6]]) };
  });
  expect(audited(slots, windows)).toMatchObject({ wrong: null, began_anew: 0 });
  // The rest follows from the lie to the last bit, so that the lie alone can be noticed.
  const [lied] = windows.slice(2, 3).map((window) => ({ ...window, state: { ...window.state, closed: [-5, 1, 0] } })) as [MarketWindow];
  const after = createPricer({ resources: [{ capacity: 1, price_max: 4, step_max: 0.25 }], method: "adagrad", window_slots: 10 }, lied.state);
  const forged = slots.slice(20).map(({ used, ...slot }): MarketSlot => ({ ...slot, used, prices: [...after.prices()], ...after.step([[(used[0] ?? 0) / 1e6]]) }));
  expect(audited(forged, [lied])).toMatchObject({ wrong: null });
  expect(audited([...slots.slice(0, 20), ...forged], [...windows.slice(0, 2), lied]).wrong).toMatchObject({ epoch: 23, what: expect.stringContaining("other sums or prices") });
  expect(audited(slots.filter((_, i) => i < 15 || i >= 20), windows).wrong).toMatchObject({ epoch: 23, what: expect.stringContaining("are missing") });
  const reset = { ...WINDOW, window_slots: 10, epoch: 23 };
  expect(audited([...slots.slice(0, 20), ...SLOTS.slice(0, 10).map((slot, i) => ({ ...slot, epoch: 23 + i }))], [...windows.slice(0, 2), reset]).wrong).toMatchObject({ epoch: 23, what: expect.stringContaining("other sums or prices") });
  const other = { ...WINDOW, epoch: 44 };
  const [first] = SLOTS as [MarketSlot];
  expect(audited([...slots, { ...first, epoch: 44 }], [...windows, other])).toMatchObject({ wrong: null, began_anew: 1 });
});

test("the drawing is one file of lines, for light and dark, and nothing where no slot is over", () => {
  const svg = drawing(SLOTS, [WINDOW]) ?? "";
  expect([svg.match(/<polyline/g)?.length, svg.includes("prefers-color-scheme:dark"), svg.includes("NaN"), /href|<script|url\(/.test(svg)]).toEqual([4, true, false, false]);
  expect(drawing([], [])).toBeNull();
});
