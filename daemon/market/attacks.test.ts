/** What callers claim has no bound, and what they give back comes when they like: neither stops the market, moves it out of reach, or makes room under a ceiling. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { createFavours } from "../../kernels/oco/index.ts";
import { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { MarketSetting } from "../../proto/market.ts";
import { audited } from "../cli/market/audit.ts";
import { openStore, type Store } from "../store/db.ts";
import { aimsOf } from "./core/shares.ts";
import { Market } from "./index.ts";
import { claimOf } from "./statement.ts";

const T0 = 1_800_000_000_000;
const NOTHING = { served: 0, due: 0 };
const SETTING = Value.Default(MarketSetting, {
  slot_s: 1,
  resources: [{ resource: "usd_micro", capacity: 1_000_000, price_max: 4 }],
  tenants: [{ id: "web", floor: 0.1, ceiling: 0.5, demand: { usd_micro: 100 } }],
}) as MarketSetting;
const CAPACITY = 1_000_000;

let opened: { readonly store: Store; readonly dir: string } | null = null;
let now_ms = T0;
let full = false;
function open(setting = SETTING, dir = mkdtempSync(join(tmpdir(), "market-"))): Market {
  const store = openStore({ state_dir: dir, limits: Value.Create(StoreLimits), fatal: (reason) => { throw reason; } });
  opened = { store, dir };
  const refusing: typeof store.atomic = (work) => {
    if (full) throw new MaestroError("store.no_space", "a disk that is full");
    return store.atomic(work);
  };
  return new Market({ store: { table: store.table.bind(store), atomic: refusing }, setting, limits: { slots_max: 1_000 }, now_ms: () => now_ms });
}
afterEach(async () => {
  await opened?.store.close();
  rmSync(opened?.dir ?? "", { recursive: true, force: true });
  [now_ms, full] = [T0, false];
});
async function again(setting: MarketSetting): Promise<Market> {
  const { store, dir } = opened as { readonly store: Store; readonly dir: string };
  await store.close();
  return open(setting, dir);
}
const atomic = <T>(work: () => T): T => (opened as { readonly store: Store }).store.atomic(work);
const usd = (usd_micro: number) => ({ usd_micro });
const later = (slots = 1): number => (now_ms += slots * 1_000);

test("attack: outcomes that claim all the money there is: every slot closes, prices come down again, and the certificate can still be signed", () => {
  const market = open();
  const since = atomic(() => market.reserve("lib", usd(1_000), NOTHING));
  for (let n = 0; n < 3; n++) atomic(() => market.settle("lib", usd(1_000), usd(Number.MAX_SAFE_INTEGER), since));
  expect(market.view().resources[0]?.used).toBe(16 * CAPACITY);
  later();
  expect([market.view().epoch, market.view().resources[0]?.price]).toEqual([1, 1]);
  later(20);
  expect(market.view().resources[0]?.price).toBe(0);
  const { slots, windows } = market.slots(0);
  expect([slots.length, audited(slots, windows).wrong]).toEqual([21, null]);
  expect(Number.isSafeInteger(claimOf({ ...market.view(), certificate: { regret: -1e12, promise: 1e12, holds: true } }).promise_usd_micro)).toBe(true);
});

test("attack: a year is reserved and given back: what is used after counts again, after sixteen slots at the most", () => {
  const market = open();
  const since = atomic(() => market.reserve("lib", usd(1e15), NOTHING));
  later();
  atomic(() => market.settle("lib", usd(1e15), usd(0), since));
  for (const many of [8, 8, 1]) {
    atomic(() => market.reserve("lib", usd(many * CAPACITY), NOTHING));
    later();
  }
  expect(market.slots(0).slots.slice(-2).map(({ used }) => used[0])).toEqual([0, CAPACITY]);
});

test("attack: promises of many slots are given back in one: they make no room there under the ceiling, those of the slot itself do", () => {
  const market = open();
  const promised = Array.from({ length: 10 }, () => {
    const since = atomic(() => market.reserve("web", usd(CAPACITY / 2), NOTHING));
    later();
    return since;
  });
  for (const since of promised) atomic(() => market.settle("web", usd(CAPACITY / 2), usd(0), since));
  expect(market.short("web", usd(CAPACITY / 2))).toBeNull();
  const here = atomic(() => market.reserve("web", usd(CAPACITY / 2), NOTHING));
  expect(market.short("web", usd(1))).toContain("web has 0 of usd_micro left");
  atomic(() => market.settle("web", usd(CAPACITY / 2), usd(CAPACITY / 4), here));
  expect([market.short("web", usd(CAPACITY / 4)), market.short("web", usd(CAPACITY / 4 + 1))]).toEqual([null, expect.stringContaining(`web has ${CAPACITY / 4} of usd_micro left`)]);
  later();
  expect(market.short("web", usd(CAPACITY / 2))).toBeNull();
  expect(market.short("web", usd(CAPACITY))).toEndWith("a whole slot never has so much for it");
});

test("shares of slots of one second are of a minute and of five, not of the last thirty slots", () => {
  const market = open();
  for (let slot = 0; slot < 50; slot++) {
    atomic(() => market.reserve("web", usd(0), { served: slot < 20 ? 1 : 0, due: 1 }));
    later();
  }
  expect(market.view().tenants[0]).toMatchObject({ minute: 0.4, five_minutes: 0.4 });
});

test("attack: a transaction that goes back takes the weights of promised shares along", () => {
  const market = open();
  const kernel = createFavours(aimsOf([0.1]), 1, 20);
  const weight = (): number | undefined => market.view().tenants[0]?.favour;
  for (const served of [0, 0.05, 0, 0.1]) {
    atomic(() => market.reserve("web", usd(0), { served, due: 1 }));
    later();
    expect(() => atomic(() => {
      market.reserve("web", usd(0), { served: 1, due: 1 });
      throw new Error("no");
    })).toThrow("no");
    expect(weight()).toBe(kernel.step([served])[0]);
  }
});

test("prices of other settings are never gone on from: any of them changed begins anew, under later numbers, and the audit goes through", async () => {
  let market = open();
  const [priced] = SETTING.resources as [MarketSetting["resources"][number]];
  for (const more of [{ method: "ogd" }, { step_max: 0.5 }, { window_slots: 2 }, { slot_s: 2 }, { resources: [{ ...priced, price_max: 0.5 }] }, { resources: [{ ...priced, capacity: 10 }] }, { resources: [{ ...priced, resource: "gpu_us" }] }] as const) {
    atomic(() => market.reserve(null, { usd_micro: 3 * CAPACITY, gpu_us: 3 * CAPACITY }, NOTHING));
    later(4);
    const before = market.view().epoch;
    market = await again({ ...SETTING, ...more } as MarketSetting);
    const { epoch, resources: [one], certificate } = market.view();
    expect([epoch, one?.price, one?.used, certificate]).toEqual([before + 1, 0, 0, { regret: 0, promise: 0, holds: true }]);
  }
  later(4);
  market.view();
  const { slots, windows } = market.slots(0);
  expect(audited(slots, windows).wrong).toBeNull();
});

test("attack: a full disk: figures and closed slots are shown as they stood, and nothing else's metrics go with them", () => {
  const market = open();
  full = true;
  expect(market.reading()).toBeNull();
  full = false;
  expect(market.view().epoch).toBe(0);
  later(5);
  full = true;
  expect([market.view().epoch, market.slots(0).slots, market.reading()?.epoch]).toEqual([0, [], 0]);
  expect(() => market.prices(null)).toThrow(MaestroError);
  full = false;
  expect(market.view().epoch).toBe(5);
});
