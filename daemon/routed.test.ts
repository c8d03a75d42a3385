import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RouterEntry } from "../proto/routing.ts";
import { World } from "./testing/core.ts";

const ROUTER: RouterEntry = {
  id: "tools", baseline: "ask", value_usd_micro: 0, outcome_s: 60, reward: { name: "solved", version: 1, min: 0, max: 1 }, context: [],
  arms: [{ id: "ask", reversible: true, reward: 0 }, { id: "build", reversible: true, reward: 0, action: "build" }],
};
let world: World;
beforeAll(async () => {
  world = await World.open({ routers: [ROUTER] });
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

test("rules about events that somebody breaks open the breaker of an action, and routers of theirs take no arm that sets it off", async () => {
  const { routed, watching, options: { host } } = world.core;
  const asked = async (tenant: string) => (await routed.route({ uid: 7, tenant, verbs: new Set(["gate"]), space: tenant, repositories: [], named: false, bound: null, accounts: [], limits: host.limits.tenant }, null, { router: "tools", context: {} }));
  expect(await asked("web")).toMatchObject({ forced: null });
  for (let i = 0; i < host.limits.breaker.failures_max; i++) watching.breakers.violated("build", "web", "INV.CALLS: too many");
  expect(await asked("web")).toMatchObject({ arm: "ask", forced: "guard", reason: expect.stringContaining("INV.CALLS: too many") });
  expect(await asked("docs")).toMatchObject({ forced: null });
});

test("expiry takes what decided with the last episode that it decided", async () => {
  const { routed, learned, store, options: { host } } = world.core;
  const principal = { uid: 7, tenant: "web", verbs: new Set(["gate"] as const), space: "web", repositories: [], named: false, bound: null, accounts: [], limits: host.limits.tenant };
  const ask = () => routed.route(principal, null, { router: "tools", context: {} });
  await ask();
  await routed.reload([{ ...ROUTER, outcome_s: 61 }]);
  await ask();
  expect(store.scanner.count("routing.used")).toBe(2);
  await learned.sweep(world.core.options.clock.now_ms() + 7_200_000);
  expect([store.scanner.count("routing.used"), store.scanner.count("episodes")]).toEqual([1, 0]);
});
