/**
 * 50,000 decisions asked of a whole daemon over its socket, exported by the command line and read by DuckDB: every one is there as it was
 * answered, and drawn again it has the same arm and the same propensities, after a restart too.
 */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { RouteReply } from "../proto/routing.ts";
import { accepts, output } from "./rig/accepts.ts";
import { duckdb } from "./rig/tools.ts";

const tool = await duckdb();
const EPISODES = 50_000;
/** Every fifth has an outcome. */
const OUTCOME_EVERY = 5;
const AT_ONCE = 16;
const READY_MS = 30_000;
const DEADLINE_MS = 1_800_000;
const ROOT = join(import.meta.dir, "..");

const CONFIG = `version: 1
trust_domain: accept
modes: [local]
limits: {server: {requests_per_connection_max: 1000000}, learning: {episodes_max: 1000000}}
routers:
- id: models
  context: [{name: kind, type: choice, values: [code, chat]}, {name: tokens, type: number}]
  baseline: large
  reward: {name: solved, version: 1, min: 0, max: 1}
  value_usd_micro: 20000
  exploration: {epsilon: 0.3, floor: 0.02}
  constraints: [{name: failed, max: 0.9}]
  arms:
  - {id: local, reversible: true, reward: 0.55, usage: [{resource: gpu_us, per: {tokens: 600}}]}
  - {id: mid, reversible: true, reward: 0.75, usage: [{resource: usd_micro, per: {tokens: 1}}]}
  - {id: large, reversible: true, reward: 1, usage: [{resource: usd_micro, per: {tokens: 10}}]}
`;

let folder: string;
let daemon: Bun.Subprocess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ms-ep-"));
  writeFileSync(join(folder, "host.yaml"), CONFIG, { mode: 0o600 });
  await start();
}, READY_MS);
afterAll(async () => {
  daemon.kill("SIGKILL");
  await daemon.exited;
  rmSync(folder, { recursive: true, force: true });
});

const socket = (): string => join(folder, "s");

async function start(): Promise<void> {
  daemon = Bun.spawn([process.execPath, join(ROOT, "daemon/main.ts"), "--config", join(folder, "host.yaml"), "--state", join(folder, "state"), "--socket", socket()], { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  for (const deadline = performance.now() + READY_MS; ; await Bun.sleep(50)) {
    const answer = await fetch("http://d/readyz", { unix: socket(), headers: { "maestro-api": "1" } }).catch(() => null);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) throw new Error("the daemon did not get ready");
  }
}

async function post(path: string, body: object): Promise<unknown> {
  const answer = await fetch(`http://d${path}`, { unix: socket(), method: "POST", headers: { "content-type": "application/json", "maestro-api": "1" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function route(body: object): Promise<RouteReply> {
  const reply = await post("/v1/route", body);
  if (!Value.Check(RouteReply, reply)) throw new Error(JSON.stringify(reply));
  return reply;
}

/** Some at once, answers in the order of the questions. */
async function all<In, Out>(questions: readonly In[], ask: (question: In, i: number) => Promise<Out>): Promise<Out[]> {
  const answers: Out[] = new Array<Out>(questions.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < questions.length; i = next++) answers[i] = await ask(questions[i]!, i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return answers;
}

interface Row {
  readonly id: string;
  readonly executed: string;
  readonly propensity: number;
  readonly eligible: RouteReply["eligible"];
  readonly policy: string;
  readonly forced: string | null;
  readonly reward: number | null;
  readonly outcome: boolean;
  readonly learnable: boolean;
  readonly context_tokens: number;
  readonly reserved_usd_micro: number | null;
}

accepts(tool, `${EPISODES} episodes of /v1/route, exported by maestro learn export, are there as they were answered, and replayed have the same arm and propensities, after a restart too`, async () => {
  const questions = Array.from({ length: EPISODES }, (_, i) => ({ router: "models", context: { kind: i % 3 === 0 ? "chat" : "code", tokens: (i * 7919) % 4_000 + 0.5 }, ...(i % 37 === 0 ? { without: ["large"] } : {}) }));
  const replies = await all(questions, route);
  expect(new Set(replies.map(({ episode }) => episode)).size).toBe(EPISODES);
  const rewards = new Map(replies.flatMap(({ episode }, i) => (i % OUTCOME_EVERY === 0 ? [[episode, (i % 11) / 10] as const] : [])));
  await all([...rewards], ([episode, reward]) => post(`/v1/episodes/${episode}/outcome`, { reward, constraints: { failed: 0 } }));

  const out = join(folder, "exported");
  const said = await output([process.execPath, join(ROOT, "daemon/cli/main.ts"), "learn", "export", "models", "--out", out, "--split", "all", "--unlearnable", "--json", "--socket", socket()], { timeout_ms: 600_000 });
  expect(JSON.parse(said)).toMatchObject({ exported: EPISODES, left_out_split: 0, left_out_unlearnable: 0 });
  const { rows } = JSON.parse(await output(["python3", join(import.meta.dir, "peers/parquetcheck.py"), tool.path(), "duckdb", out], { timeout_ms: 600_000 })) as { readonly rows: readonly Row[] };
  const found = new Map(rows.map((row) => [row.id, row]));
  expect(rows.length).toBe(EPISODES);
  for (const [i, { episode, arm, propensity, eligible, policy, forced, reserved }] of replies.entries()) {
    const row = found.get(episode);
    const wanted = { id: episode, executed: arm, propensity, eligible, policy, forced, reward: rewards.get(episode) ?? null, outcome: rewards.has(episode), learnable: rewards.has(episode) && forced === null, context_tokens: questions[i]!.context.tokens, reserved_usd_micro: reserved.usd_micro ?? null };
    if (!Bun.deepEquals(row === undefined ? undefined : picked(row), wanted)) expect(row).toMatchObject(wanted);
  }
  process.stdout.write(`${new Set(replies.map(({ propensity }) => propensity)).size} different propensities\n`);

  daemon.kill("SIGKILL");
  await daemon.exited;
  await start();
  const again = await all(replies, ({ episode }) => route({ replay: episode }));
  const other = again.filter(({ replay, arm, propensity, eligible }, i) => replay?.same !== true || arm !== replies[i]!.arm || propensity !== replies[i]!.propensity || !Bun.deepEquals(eligible, replies[i]!.eligible));
  expect(other).toEqual([]);
}, DEADLINE_MS);

const picked = ({ id, executed, propensity, eligible, policy, forced, reward, outcome, learnable, context_tokens, reserved_usd_micro }: Row): Row => ({ id, executed, propensity, eligible, policy, forced, reward, outcome, learnable, context_tokens, reserved_usd_micro });
