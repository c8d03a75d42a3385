/** The market over a real database: what a restart, a clock that jumps, a transaction that goes back and a long sleep leave of it. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { createPricer } from "../../kernels/oco/index.ts";
import { StoreLimits } from "../../proto/config.ts";
import { MarketSetting } from "../../proto/market.ts";
import { openStore, type Store } from "../store/db.ts";
import { Market } from "./index.ts";
import { pricerSettings } from "./rules.ts";

const SLOT_MS = 10_000;
const T0 = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const NOTHING = { served: 0, due: 0 };
const SETTING = Value.Default(MarketSetting, {
  resources: [{ resource: "usd_micro", capacity: 1_000_000, price_max: 4 }, { resource: "tokens", capacity: 50_000, price_max: 0.5 }],
  tenants: [{ id: "web", floor: 0.6, ceiling: 0.5, demand: { usd_micro: 100, tokens: 10 } }, { id: "lib" }],
}) as MarketSetting;

let opened: { readonly store: Store; readonly dir: string } | null = null;
let now_ms = T0;
function open(dir = mkdtempSync(join(tmpdir(), "market-")), setting = SETTING, slots_max = 1_000): Market {
  const store = openStore({ state_dir: dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
  opened = { store, dir };
  return new Market({ store, setting, limits: { slots_max }, now_ms: () => now_ms });
}
async function again(setting = SETTING): Promise<Market> {
  const dir = opened?.dir ?? "";
  await opened?.store.close();
  return open(dir, setting);
}
afterEach(async () => {
  await opened?.store.close();
  rmSync(opened?.dir ?? "", { recursive: true, force: true });
  now_ms = T0;
});
const atomic = <T>(work: () => T): T => (opened as { readonly store: Store }).store.atomic(work);
const usd = (usd_micro: number) => ({ usd_micro });

test("prices are the kernel's to the last bit, of what was reserved and of what settling changed in its own slot; a restart in the middle of a slot loses nothing", async () => {
  let market = open();
  const kernel = createPricer(pricerSettings(SETTING));
  const use = [[3, 20], [0.5, 80], [0, 0], [2, 90]];
  let balance = 0;
  for (const [dollars = 0, thousands = 0] of use) {
    expect(market.prices(null).prices).toEqual({ usd_micro: kernel.prices()[0] ?? -1, tokens: kernel.prices()[1] ?? -1 });
    atomic(() => market.reserve("lib", { usd_micro: dollars * 1e6, tokens: thousands * 1e3 }, NOTHING));
    market = await again();
    expect(market.view().resources.map(({ used }) => used)).toEqual([Math.max(0, dollars * 1e6 - balance), thousands * 1e3]);
    const spent = Math.max(0, dollars * 1e6 - balance);
    balance = Math.max(0, balance - dollars * 1e6);
    const certificate = kernel.step([[spent / 1e6], [thousands]]);
    now_ms += SLOT_MS;
    expect(market.view().certificate).toEqual({ ...certificate, holds: true });
    // A third of what was promised was not needed; that becomes known now, in the slot after.
    atomic(() => market.settle("lib", usd(300_000), usd(0), 0));
    balance += 300_000;
  }
  expect([market.view().kept, market.slots(0).slots.map(({ epoch }) => epoch), market.slots(0).windows.map(({ epoch }) => epoch)]).toEqual([{ from: 0, slots: 4 }, [0, 1, 2, 3], [0]]);
});

test("attack: a transaction that goes back takes its slots and its use along; the prices after it are those of what is on the disk", () => {
  const market = open();
  atomic(() => market.reserve("lib", usd(9e6), NOTHING));
  now_ms += SLOT_MS;
  const before = market.prices(null);
  now_ms += SLOT_MS;
  expect(() => atomic(() => {
    market.reserve("lib", usd(9e6), NOTHING);
    throw new Error("no");
  })).toThrow("no");
  const { epoch, prices } = market.prices(null);
  const kernel = createPricer(pricerSettings(SETTING));
  for (const dollars of [9, 0]) kernel.step([[dollars], [0]]);
  expect([epoch, prices.usd_micro, before.epoch]).toEqual([2, kernel.prices()[0], 1]);
});

test("a clock set back opens no slot again, one that jumps by days closes a bounded number, and both keep what was reserved", () => {
  const market = open();
  atomic(() => market.reserve("lib", usd(2e6), NOTHING));
  now_ms -= 3 * DAY_MS;
  expect([market.view().epoch, market.view().resources[0]?.used]).toEqual([0, 2e6]);
  now_ms += SLOT_MS;
  const { epoch, resources: [dollar] } = market.view();
  expect([epoch, dollar?.used, (dollar?.price ?? 0) > 0]).toEqual([1, 0, true]);
  now_ms += 30 * DAY_MS;
  expect([market.view().epoch, market.view().kept.slots, market.prices(null).prices.usd_micro]).toEqual([361, 361, 0]);
  expect(market.view().certificate.holds).toBe(true);
});

test("a tenant below its floor is forgiven what it pays, one above it pays less than the others, and nobody above a ceiling is let in", () => {
  const market = open();
  for (let slot = 0; slot < 4; slot++) {
    atomic(() => market.reserve("lib", usd(5e6), { served: 5, due: 5 }));
    now_ms += SLOT_MS;
  }
  const posted = market.prices(null).prices.usd_micro ?? 0;
  expect([posted > 0, market.prices("web").prices, market.prices("lib").prices]).toEqual([true, market.prices(null).prices, market.prices(null).prices]);
  atomic(() => market.reserve("web", usd(0), { served: 0, due: 1 }));
  expect([market.prices("web").prices.usd_micro, market.prices("nobody-in-particular").prices.usd_micro]).toEqual([-1, posted]);
  now_ms += 2_000;
  expect(market.view().tenants[0]).toMatchObject({ tenant: "web", minute: 0, starving_s: 2 });
  atomic(() => market.reserve("web", usd(300_000), { served: 9, due: 13.5 }));
  now_ms += SLOT_MS;
  const lowered = market.prices("web").prices.usd_micro ?? 0;
  expect([lowered > -1, lowered < (market.prices(null).prices.usd_micro ?? 0), market.view().tenants[0]?.starving_longest_s]).toEqual([true, true, 2]);
  atomic(() => market.reserve("web", usd(400_000), NOTHING));
  expect([market.short("web", usd(100_000)), market.short("lib", usd(9e9))]).toEqual([null, null]);
  expect(market.short("web", usd(100_001))).toContain("web has 100000 of usd_micro left in this slot under its ceiling, the work may take 100001; again in");
});

test("the ring keeps its size, windows go with their slots, and other resources begin anew under later numbers", async () => {
  const { dir } = (open(undefined, { ...SETTING, window_slots: 4 }, 18), opened as { readonly dir: string });
  await opened?.store.close();
  const market = open(dir, { ...SETTING, window_slots: 4 }, 18);
  for (let slot = 0; slot < 29; slot++) {
    atomic(() => market.reserve(null, usd(1.2e6), NOTHING));
    now_ms += SLOT_MS;
  }
  const { kept, epoch, certificate } = market.view();
  const { slots, windows } = market.slots(0);
  expect([epoch, kept, slots[0]?.epoch, windows.map((window) => window.epoch), certificate.holds]).toEqual([29, { from: 11, slots: 18 }, 11, [8, 12, 16, 20, 24, 28], true]);
  const other = await again({ ...SETTING, resources: SETTING.resources.slice(0, 1) });
  expect([other.view().epoch, other.prices(null).prices, other.view().resources[0]?.used]).toEqual([30, { usd_micro: 0 }, 0]);
});
