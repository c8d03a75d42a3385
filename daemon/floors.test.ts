/** Promised shares where the daemon decides which arm answers: routing, purse and market together over a real database. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../proto/config.ts";
import { MaestroError } from "../proto/errors.ts";
import { MarketSetting, type TenantShare } from "../proto/market.ts";
import { RouterEntry, type RouteReply } from "../proto/routing.ts";
import { EpisodeLog } from "./learning/episodes/index.ts";
import { type Purse, Routing } from "./learning/routing/index.ts";
import { Market } from "./market/index.ts";
import { openPurses, type Purses } from "./purse.ts";
import { openStore, type Store } from "./store/db.ts";
import { SeededRandom } from "./testing/random.ts";

const SLOT_MS = 10_000;
const FLOOR = 0.7;
const SETTING = Value.Default(MarketSetting, {
  resources: [{ resource: "tokens", capacity: 10_000, price_max: 1 }],
  tenants: [{ id: "web", floor: FLOOR, demand: { tokens: 5_000 } }, { id: "lib", ceiling: 0.1 }],
}) as MarketSetting;
/** Half of all answers are drawn, and the baseline is worth half of the best. */
const routerOf = (value_usd_micro: number): RouterEntry =>
  Value.Default(RouterEntry, {
    id: "models", context: [], baseline: "small", value_usd_micro, reward: { name: "solved", version: 1, min: 0, max: 1 }, exploration: { epsilon: 0.5, floor: 0.1 },
    constraints: [{ name: "harm", max: 0.02 }],
    arms: [{ id: "small", reward: 0.5, reversible: true }, { id: "none", reward: 0, reversible: true }, { id: "large", reward: 1, reversible: true, usage: [{ resource: "tokens", fixed: 900 }] }],
  }) as RouterEntry;

let [dir, now_ms]: [string, number] = ["", 0];
let [store, market, routing, log, purses]: [Store, Market, Routing, EpisodeLog, Purses] = [] as never;
const purse = (tenant: string): Purse => purses.of({ tenant, accounts: [] });
function begin(value_usd_micro: number): void {
  const routers = [routerOf(value_usd_micro)];
  routing = new Routing({ store, routers, random: new SeededRandom(7), warn: () => undefined });
  log = new EpisodeLog({ store, now_ms: () => now_ms, keyed: (purpose, value) => new Bun.CryptoHasher("sha256", "k").update(`${purpose} ${value}`).digest("hex"), router: () => routers[0] ?? null, episodes_max: 10_000, closed: (episode) => routing.closed(episode) });
}
function open(setting: MarketSetting): void {
  store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  market = new Market({ store, setting, limits: { slots_max: 1_000 }, now_ms: () => now_ms });
  purses = openPurses({ store, tenants: { ledger: { short: () => null, settleHeld: () => undefined } as never }, market });
}
beforeEach(() => {
  [dir, now_ms] = [mkdtempSync(join(tmpdir(), "floors-")), 1_800_000_000_000];
  open(SETTING);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});
const route = (tenant: string): RouteReply => routing.route(log, tenant, { router: "models", context: {} }, purse(tenant));
const lineOf = (tenant: string): TenantShare => market.view().tenants.find((line) => line.tenant === tenant) as TenantShare;

test.each([["in dollars", 50_000], ["in no dollars, so that the baseline answers whatever is expected of others", 0]])("attack: draws that explore, and a baseline that is worth little, take a tenant's share below its floor; rewards %s", (_, value) => {
  begin(value);
  const forced: string[] = [];
  let least = 1;
  store.atomic(() => {
    for (let slot = 0; slot < 30; slot++) {
      for (let nth = 0; nth < 1 + (slot % 4); nth++) {
        const reply = route("web");
        if (reply.forced !== null) forced.push(reply.forced);
      }
      least = Math.min(least, lineOf("web").minute ?? 1);
      now_ms += SLOT_MS;
    }
  });
  expect(least).toBeGreaterThanOrEqual(FLOOR);
  expect(new Set(forced)).toEqual(new Set(["guard"]));
});

test("what the guard takes away is said, is never learned from, and is drawn again to the bit; whoever has no floor is left to chance", () => {
  begin(50_000);
  const reply = route("web");
  expect(reply).toMatchObject({ arm: "large", forced: "guard", propensity: 1, reason: "large: the best of 1 that keeps the promised share, which is not small and none" });
  expect(routing.replay(log, reply.episode, null).replay).toEqual({ same: true, differs: [] });
  store.atomic(() => expect(new Set(Array.from({ length: 20 }, () => route("other").arm)).size).toBeGreaterThan(1));
});

test("attack: a minute that begins just behind a good answer: what follows within the slot is not paid for by it", () => {
  store.atomic(() => purse("web").reserve("ep-1", {}, 0, { served: 1, due: 1 }));
  expect(purse("web").least(1)).toBeCloseTo(FLOOR - 0.02, 9);
  now_ms += SLOT_MS;
  expect([purse("web").least(1), purse("lib").least(1)]).toEqual([expect.closeTo(FLOOR, 9), 0]);
});

test("a violated constraint is stronger than a floor: the baseline alone", () => {
  begin(50_000);
  store.atomic(() => {
    for (let nth = 0; nth < 400; nth++) {
      const { episode, arm, forced } = route("web");
      if (forced === "constraint") break;
      if (arm !== "small") log.outcome(episode, null, { reward: 1, constraints: { harm: 1 } });
    }
  });
  expect(route("web")).toMatchObject({ forced: "constraint", arm: "small" });
});

test("attack: a tenant that is refused for want of room asks on; its share and its clock say so", () => {
  begin(50_000);
  const only = { router: "models", context: {}, without: ["small", "none"] };
  const refused = (): string => {
    try {
      routing.route(log, "lib", only, purse("lib"));
    } catch (error) {
      if (error instanceof MaestroError) return error.code;
      throw error;
    }
    return "taken";
  };
  expect([refused(), refused()]).toEqual(["taken", "tenant.budget"]);
  now_ms += 4_000;
  expect(lineOf("lib")).toMatchObject({ minute: 0.5, starving_s: 4 });
  now_ms += SLOT_MS;
  expect(refused()).toBe("taken");
  expect(lineOf("lib")).toMatchObject({ starving_s: 0, starving_longest_s: 14 });
});

test("attack: a tenant's line is taken out of the configuration in the middle of a slot: what it took counts all the same, once", async () => {
  store.atomic(() => {
    purse("web").reserve("ep-1", { tokens: 3_000 }, 0, { served: 0, due: 0 });
    purse("other").reserve("ep-2", { tokens: 500 }, 0, { served: 0, due: 0 });
  });
  await store.close();
  open({ ...SETTING, tenants: [] });
  store.atomic(() => purses.settle("ep-1", { tokens: 1_000 }));
  now_ms += SLOT_MS;
  expect([market.view().resources[0]?.used, market.slots(0).slots.map(({ used }) => used)]).toEqual([0, [[1_500]]]);
});
