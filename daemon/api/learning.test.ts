/** What is learned here, over a real socket and as it is typed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { LearningReply } from "../../proto/learning.ts";
import { ROUTER } from "../gate/testing/learned.ts";
import { World } from "../testing/core.ts";
import { tenant } from "../testing/tenants.ts";
import { episodeRoutes } from "./episodes.ts";
import { learningRoutes } from "./learning.ts";
import { serve, type ServedApi } from "./testing/serve.ts";

setDefaultTimeout(60_000);
let world: World;
let api: ServedApi;
beforeAll(async () => {
  world = await World.open({ routers: [{ ...ROUTER, policy_file: "/nonexistent/review.json" }] });
  const log = await world.core.learned.episodes();
  const { episode } = log.record({ router: ROUTER, space: "web", context: {}, eligible: [{ arm: "large", propensity: 0.5 }, { arm: "small", propensity: 0.5 }], drawn: "small", executed: "small", forced: null, policy: "0".repeat(64), seed: "0".repeat(32), counter: 0, epoch: 0, prices: {}, reserved: {}, reason: "" });
  log.outcome(episode.id, null, { reward: 1 });
  api = await serve({ routes: [...learningRoutes(world.core), ...episodeRoutes({ learned: world.core.learned, body_bytes_max: 100_000 })] });
});
afterAll(async () => {
  await api.end();
  await world[Symbol.asyncDispose]();
});

async function typed(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../cli/main.ts"), "learn", ...args, "--socket", api.path], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

test("GET /v1/learn: a router whose policy's file is not there says so; a tenant is not told how much others decided", async () => {
  const reply: unknown = await (await api.fetch("/v1/learn")).json();
  expect(Value.Check(LearningReply, reply)).toBe(true);
  expect(reply).toMatchObject({ routers: [{ id: "review", baseline: "large", policy: null, problem: expect.any(String), fallback: null, answered: { chosen: 0, explored: 0, forced: 0 } }], episodes: { kept: 1, open: 0 } });
  const [route] = learningRoutes(world.core);
  const call = { principal: tenant("web", 1_002), id: "r", peer: { uid: 1_002, gid: 0, pid: 1, groups: [] }, signal: new AbortController().signal };
  expect(await route!.run(call, {}, undefined, new ReadableStream())).toMatchObject({ kind: "json", value: { episodes: null } });
});

test("maestro learn status and episodes, for a person and as one document", async () => {
  const [status, listed, document, wrong, none, day] = await Promise.all([typed("status"), typed("episodes", "review", "--split", "all", "--from", "1970-01-01"), typed("episodes", "--split", "all", "--from", "1970-01-01T00", "--json"), typed("episodes", "--split", "both"), typed("episodes", "nobody", "--from", "2026-11-22"), typed("episodes", "--from", "2026-02-31")]);
  expect([status.code, status.stdout]).toEqual([0, expect.stringMatching(/^review: baseline large; 0 chosen, 0 explored, 0 forced since the start\n {2}its policy does not decide: .*\n1 episodes, 0 of them open\n$/)]);
  expect([listed.code, listed.stdout]).toEqual([0, expect.stringMatching(/^\S+Z ep-\S+ review small at 0\.500 (?:search|safety) reward 1\n$/)]);
  expect(JSON.parse(document.stdout)).toMatchObject({ more: false, episodes: [{ router: "review", executed: "small" }] });
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--split takes search, safety or all")]);
  // A half alone, and an hour alone, are easily taken for everything.
  expect([none.code, none.stdout]).toEqual([0, "no episodes of nobody in the search half since 2026-11-22T00:00:00.000Z (--from TIME, --split all)\n"]);
  expect([day.code, day.stderr]).toEqual([2, expect.stringContaining("2026-02-31")]);
});
