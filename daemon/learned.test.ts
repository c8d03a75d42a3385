/** The daemon's own decisions as episodes: written after the answer, overridden at most once, and standing when a week has passed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { GateResult } from "../proto/api.ts";
import type { CardCheck } from "../proto/card.ts";
import type { Episode } from "../proto/episode.ts";
import { gateId } from "../proto/change.ts";
import type { RouterEntry } from "../proto/routing.ts";
import { toBase64 } from "../proto/encoding.ts";
import { recordGate } from "./gate/record.ts";
import { learnable } from "./learning/episodes/learnable.ts";
import { World } from "./testing/core.ts";
import { recordInput } from "./testing/evidence.ts";

setDefaultTimeout(60_000);
const WEEK_MS = 7 * 86_400_000;
const ROUTER: RouterEntry = { id: "models", baseline: "a", value_usd_micro: 0, outcome_s: 60, reward: { name: "n", version: 1, min: 0, max: 1 }, context: [], arms: [{ id: "a", reversible: true, reward: 0 }] };

const CHECKS: CardCheck[] = [
  { check: "secrets", result: "pass", required: true, because: null, findings: 0 },
  { check: "size", result: "pass", required: true, because: null, findings: 0, reused: { gate_id: "gate:x", attempt: 1 } },
  { check: "ci", result: "not_applicable", required: false, because: "nothing of it", findings: 0 },
  { check: "tests", result: "unavailable", required: true, because: "deadline", findings: 0 },
];

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world[Symbol.asyncDispose]());

async function gate(n: number, uid = 1001, tenant: string | null = "web"): Promise<GateResult> {
  const input = recordInput(world.core.evidence.trust_domain, 1);
  const identity = { ...input.identity, head: String(n).repeat(40) };
  const card = { ...input.card, head: identity.head, gate_id: gateId(identity), checks: CHECKS, title: "mail jane@example.org" };
  const timings = { total_us: 1, facts_us: 1, checks_us: 1, policy_us: 1, evidence_us: 1, by_check: card.checks.map(({ check }) => ({ check, us: 9, usage: { cpu_us: 7, max_rss_bytes: 1 } })), usage: { cpu_us: 70, max_rss_bytes: 1 } };
  const { reply, bundle } = await recordGate(world.core, { uid, tenant }, { ...input, identity, card }, () => timings);
  return { event: "result", gate_id: card.gate_id, attempt: 1, recorded: false, verdict: card.verdict, card: reply.card, proof: reply.proof, timings, bundle: toBase64(bundle) };
}

async function episodes(router: string): Promise<Episode[]> {
  await world.core.learned.settled();
  return [...(await world.core.learned.episodes()).read({ router, split: "all", sees: null })];
}

test("a verdict becomes one episode once its answer is out; one that was given again does not", async () => {
  const result = await gate(1);
  expect(world.core.store.scanner.tables()).not.toContain("episodes");
  world.core.learned.decided(result);
  world.core.learned.decided({ ...result, recorded: true });
  // Whoever waits for the answer waits for none of this.
  expect(world.core.store.scanner.tables()).not.toContain("episodes");
  const [one, ...more] = await episodes("gate");
  expect([more, one]).toMatchObject([[], { router: "gate", space: "web", executed: result.verdict, propensity: 1, forced: "fixed", context: { files: result.card.files, actor: result.card.actor.class, attempt: 1 }, reserved: { cpu_us: 70 }, outcome: null }]);
  expect([JSON.stringify(one).includes("jane"), learnable(one!), (await episodes("check")).length]).toEqual([false, false, 0]);
});

test("what somebody overrides has reward 0, the rest 1 once a week has passed", async () => {
  const [two, three] = [await gate(2), await gate(3)];
  for (const each of [two, three]) world.core.learned.decided(each);
  world.core.learned.overridden({ gate_id: two.gate_id, attempt: 1 });
  // The glass is broken twice where two people have to.
  world.core.learned.overridden({ gate_id: two.gate_id, attempt: 1 });
  world.core.learned.overridden({ gate_id: "gate:none", attempt: 1 });
  const rewards = async () => (await episodes("gate")).map(({ outcome }) => outcome?.reward ?? null);
  expect(await rewards()).toEqual([null, 0, null]);
  world.clock.advance(WEEK_MS - 1_000);
  expect(await rewards()).toEqual([null, 0, null]);
  world.clock.advance(2_000);
  expect(await rewards()).toEqual([1, 0, 1]);
  expect((await episodes("gate")).map(({ outcome }) => outcome?.censored)).toEqual([false, false, false]);
  expect(world.warnings).toEqual([]);
});

test("where a router is configured each check is one, too; a full log costs a verdict nothing, and is said", async () => {
  await world.stop();
  Object.assign(world.config, { routers: [ROUTER], limits: { learning: { episodes_max: 100 } } });
  await world.start();
  const result = await gate(4, 7, null);
  world.core.learned.decided(result);
  // Given again, it decided nothing.
  world.core.learned.decided({ ...result, recorded: true });
  const checks = await episodes("check");
  expect(checks.map(({ space, executed, forced, context, outcome }) => [space, context["check"], executed, forced, outcome?.reward, outcome?.usage])).toEqual([
    ["7", "secrets", "run", "fixed", 1, { cpu_us: 7 }], ["7", "size", "reused", "fixed", 1, {}], ["7", "ci", "skipped", "fixed", 1, { cpu_us: 7 }], ["7", "tests", "run", "fixed", 0, { cpu_us: 7 }],
  ]);
  await world.stop();
  Object.assign(world.config, { limits: { learning: { episodes_max: 1 } } });
  await world.start();
  world.core.learned.decided(await gate(5));
  const before = (await episodes("gate")).length;
  expect([before, world.warnings]).toEqual([4, expect.arrayContaining([expect.objectContaining({ code: "tenant.budget" })])]);
});
