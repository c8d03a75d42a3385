/** A router of a real daemon: asked over the socket, given a policy while it runs, one that is broken, and killed in between. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StatusReply } from "../../proto/api.ts";
import { RouteReply } from "../../proto/routing.ts";
import type { RoutingPolicy } from "../../proto/routing-policy.ts";

setDefaultTimeout(60_000);
const folder = mkdtempSync(join(tmpdir(), "routing-e2e-"));
const place = (name: string): string => join(folder, name);
const config = (more: string): string => `version: 1
trust_domain: route.example
modes: [local]
routers:
- id: models
  context: [{name: kind, type: choice, values: [code, chat]}]
  baseline: large
  reward: {name: solved, version: 1, min: 0, max: 1}
  constraints: [{name: harm, max: 0.05}]
  arms:
  - {id: small, reversible: true, capabilities: [chat], usage: [{resource: tokens, fixed: 100.5}]}
  - {id: large}
${more}`;
const POLICY: RoutingPolicy = {
  type: "maestro.routing-policy", v: 1, router: "models", reward: { name: "solved", version: 1, min: 0, max: 1 }, baseline: "large", count_min: 5, exploration: { epsilon: 0, floor: 0 },
  buckets: [], cells: [{ at: [], seen: [{ arm: "small", count: 50, mean: 0.75 }, { arm: "large", count: 50, mean: 0.5 }] }],
};

let daemon: Bun.Subprocess<"ignore", "ignore", "inherit">;
async function start(): Promise<void> {
  daemon = Bun.spawn([process.execPath, join(import.meta.dir, "../main.ts"), "--config", place("host.yaml"), "--state", place("state"), "--socket", place("s")], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  await until(async () => (await ask("/healthz").catch(() => null)) !== null);
}
async function kill(signal: NodeJS.Signals): Promise<void> {
  daemon.kill(signal);
  await daemon.exited;
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(20);
}
async function ask(path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await (await fetch(`http://maestro${path}`, { unix: place("s"), ...init })).json()) as unknown;
}
async function route(body: object): Promise<RouteReply> {
  const reply = await ask("/v1/route", body);
  if (!Value.Check(RouteReply, reply)) throw new Error(JSON.stringify(reply));
  return reply;
}
async function degraded(): Promise<readonly string[]> {
  const reply = await ask("/v1/status");
  if (!Value.Check(StatusReply, reply)) throw new Error(JSON.stringify(reply));
  return reply.daemon.degraded;
}
/** Ends when what the reload brought is seen. */
async function reload(text: string, seen: () => Promise<boolean>): Promise<void> {
  writeFileSync(place("host.yaml"), text);
  daemon.kill("SIGHUP");
  await until(seen);
}
const ASK = { router: "models", context: { kind: "code" } };

beforeAll(async () => {
  writeFileSync(place("host.yaml"), config(""), { mode: 0o600 });
  await start();
});
afterAll(async () => {
  await kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("the baseline, a policy brought by a reload, a broken one, and each decision drawn again after a kill", async () => {
  const first = await route({ ...ASK, key: "once" });
  expect(first).toMatchObject({ arm: "large", propensity: 1, forced: null, reserved: {} });
  expect(await ask("/v1/route", { router: "other", context: {} })).toMatchObject({ status: 404, code: "request.not_found" });
  expect(await ask("/v1/route", { ...ASK, require: ["fly"] })).toMatchObject({ status: 422, code: "routing.no_arm" });

  writeFileSync(place("policy.json"), JSON.stringify(POLICY), { mode: 0o600 });
  const learned = config(`  policy_file: ${place("policy.json")}\n`);
  await reload(learned, async () => (await route(ASK)).arm === "small");
  const second = await route(ASK);
  expect(second).toMatchObject({ arm: "small", propensity: 1, reserved: { tokens: 101 } });
  expect(second.policy).not.toBe(first.policy);
  expect(await degraded()).toEqual([]);

  writeFileSync(place("policy.json"), JSON.stringify({ ...POLICY, baseline: "small" }), { mode: 0o600 });
  await reload(learned, async () => (await route(ASK)).arm === "large");
  expect((await degraded()).join()).toContain("router models decides without its policy");
  const third = await route(ASK);

  await kill("SIGKILL");
  await start();
  expect((await degraded()).join()).toContain("its baseline is small, the router's is large");
  for (const reply of [first, second, third]) expect(await route({ replay: reply.episode })).toEqual({ ...reply, replay: { same: true, differs: [] } });
  expect(await route({ ...ASK, key: "once" })).toEqual(first);
  const metrics = await (await fetch("http://maestro/metrics", { unix: place("s") })).text();
  expect(metrics).toContain('maestro_router_policy_refused{router="models"} 1');
  expect(metrics).toContain('maestro_router_fallback{router="models"} 0');
});

test("a constraint that outcomes violate leaves the baseline alone at once, and status, metrics and the answer say so, over a kill too", async () => {
  writeFileSync(place("policy.json"), JSON.stringify(POLICY), { mode: 0o600 });
  await reload(config(`  policy_file: ${place("policy.json")}\n`), async () => (await route(ASK)).arm === "small");
  for (let i = 0; i < 8; i++) await ask(`/v1/episodes/${(await route(ASK)).episode}/outcome`, { reward: 0.5, constraints: { harm: 1 } });
  expect(await route(ASK)).toMatchObject({ arm: "large", propensity: 1, forced: "constraint", reason: expect.stringContaining("the baseline alone, because harm of") });
  await kill("SIGKILL");
  await start();
  expect(await route(ASK)).toMatchObject({ arm: "large", forced: "constraint" });
  expect((await degraded()).join()).toContain("router models falls back to its baseline: harm of");
  const metrics = await (await fetch("http://maestro/metrics", { unix: place("s") })).text();
  expect(metrics).toContain('maestro_router_fallback{router="models"} 1');
  expect(metrics).toContain('maestro_routes_total{router="models",how="forced"} 1');
});
