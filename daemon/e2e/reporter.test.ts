/** `maestro reporter` beside a real daemon and a real helper; the code host's API is a fake that only remembers what it was told. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Operated, ROW } from "./testing/operated.ts";
import { until } from "./testing/world.ts";

let told: { path: string; state: string; context: string; description: string }[] = [];
let answer: () => Response | Promise<Response> = () => new Response("{}", { status: 201 });
let fake: ReturnType<typeof Bun.serve>;
let operated: Operated;

beforeAll(async () => {
  fake = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      told.push({ path: new URL(request.url).pathname, ...((await request.json()) as { state: string; context: string; description: string }) });
      return answer();
    },
  });
  operated = await Operated.start();
  await operated.stop();
  const token = operated.world.path("token");
  writeFileSync(token, "t\n", { mode: 0o600 });
  await operated.daemon({ row: { statuses: `{host: github, api: "http://127.0.0.1:${fake.port}", project: ${ROW}, token_file: ${token}}` } });
}, 120_000);
afterAll(async () => {
  await operated[Symbol.asyncDispose]();
  await fake.stop(true);
});

const args = (...more: string[]): string[] => ["reporter", "--config", operated.world.path("maestrod.yaml"), ...more];
const cursor = (): { next: number; published: number; dead_total: number } => JSON.parse(readFileSync(join(operated.world.state_dir, "reporter/reporter.json"), "utf8"));

test("each verdict is published once under one name; killed in between it is published again; a token that may not is said in doctor", async () => {
  const { world } = operated;
  const clone = await operated.clone("one");
  const head = clone.git("rev-parse", "HEAD");
  const path = `/repos/${ROW}/statuses/${head}`;
  const first = await world.run(["gate", clone.path, "--json"]);
  expect(first.code).toBe(0);
  // Somebody pulls the plug after the host was told and before that is written down.
  answer = () => new Promise(() => undefined);
  const killed = world.start(args());
  await until(() => told.length === 1);
  killed.child.kill("SIGKILL");
  await killed.done;
  answer = () => new Response("{}", { status: 201 });
  const again = await world.run(args("--once"));
  expect([again.code, again.stderr, told.map(({ path: at, state, context }) => [at, state, context])]).toEqual([0, "", [[path, "success", "maestro"], [path, "success", "maestro"]]]);
  expect(cursor()).toMatchObject({ next: 1, published: 1, dead_total: 0 });
  // Nothing new: nothing said.
  await world.run(args("--once"));
  expect(told).toHaveLength(2);
  // A newer attempt takes its place, and a refusal is a failure with its rule.
  expect((await world.run(["gate", clone.path, "--rerun", "--json"])).code).toBe(0);
  await clone.commit({ "src/c.ts": "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n" });
  expect((await world.run(["gate", clone.path, "--json"])).code).toBe(1);
  expect((await world.run(args("--once"))).code).toBe(0);
  expect(told.slice(2).map(({ path: at, state, description }) => [at.slice(-40) === head, state, description.replace(/, until .*/, "")])).toEqual([[true, "success", "admitted, attempt 2"], [false, "failure", "refused, attempt 1: merge.conflict-marker"]]);
  answer = () => new Response("bad credentials", { status: 401 });
  expect((await world.run(["gate", clone.path, "--rerun", "--json"])).code).toBe(1);
  expect((await world.run(args("--once"))).code).toBe(1);
  expect(cursor()).toMatchObject({ dead_total: 1 });
  const doctor = await world.run(["doctor", "--json"]);
  const said = (JSON.parse(doctor.stdout) as { findings: { check: string; state: string; detail: string }[] }).findings.find(({ check }) => check === "reporter");
  expect([said?.state, said?.detail]).toEqual(["fail", expect.stringContaining("401")]);
}, 120_000);

test("without a row that publishes, it does not pretend to work", async () => {
  const config = operated.world.path("no-statuses.yaml");
  writeFileSync(config, "version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n");
  const ran = await operated.world.run(["reporter", "--once", "--config", config]);
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("nothing to publish")]);
}, 120_000);
