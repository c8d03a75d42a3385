import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ModelsSetting, RemoteModel } from "../proto/models-config.ts";
import type { RouterEntry } from "../proto/routing.ts";
import { World } from "./testing/core.ts";

const ROUTER: RouterEntry = {
  id: "tools", baseline: "ask", value_usd_micro: 0, outcome_s: 60, reward: { name: "solved", version: 1, min: 0, max: 1 }, context: [],
  arms: [{ id: "ask", reversible: true, reward: 0 }, { id: "build", reversible: true, reward: 0, action: "build" }],
};
const REMOTE: RemoteModel = { id: "large", base_url: "https://models.example/v1", model: "large-2", usd_micro_per_1k: { prompt: 150, completion: 600 }, context_tokens: 4_096, capabilities: ["code"] };
const MODELS: ModelsSetting = { text: [{ name: "small", tenants: ["web"] }], remote: [REMOTE] };
const ASKING: RouterEntry = {
  ...ROUTER, id: "models", baseline: "rules", context: ["prompt_tokens", "completion_tokens"].map((name) => ({ name, type: "number" as const })),
  arms: [{ id: "rules", reversible: true, reward: 0 }, { id: "own", model: "small", reversible: true, reward: 0 }, { id: "else", model: "large", reversible: true, reward: 0 }],
};
let world: World;
beforeAll(async () => {
  world = await World.open({ routers: [ROUTER, ASKING], models: MODELS });
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

test("an arm that asks a model is one for whoever may ask that model, does what its entry says at its price, and on a sealed node asks nobody elsewhere", async () => {
  await using sealed = await World.open({ routers: [ASKING], models: MODELS, modes: ["sealed"] });
  await world.core.routed.reload(world.core.options.host.routers);
  const asked = async ({ core }: World, tenant: string, require: string[] = []) => core.routed.route({ uid: 7, tenant, verbs: new Set(["gate"]), space: tenant, repositories: [], named: false, bound: null, accounts: [], limits: core.options.host.limits.tenant }, null, { router: "models", context: { prompt_tokens: 2_000, completion_tokens: 500 }, require });
  const arms = async (of: World, tenant: string) => (await asked(of, tenant)).eligible.map(({ arm }) => arm);
  expect([await arms(world, "web"), await arms(world, "docs"), await arms(sealed, "web"), await arms(sealed, "docs")]).toEqual([["rules", "own", "else"], ["rules", "else"], ["rules", "own"], ["rules"]]);
  expect(await asked(world, "docs", ["code"])).toMatchObject({ arm: "else", reserved: { usd_micro: 600, tokens: 2_500 } });
  expect(await asked(sealed, "web", ["code"]).catch((error: Error) => error.message)).toContain("large is another server's, and this node is sealed");
});
