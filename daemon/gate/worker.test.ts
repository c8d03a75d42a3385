/** The real check process, job by job, as the core speaks to it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../../proto/config.ts";
import type { WorkerJob } from "../../proto/worker.ts";
import { Scratch } from "../platform/git/testing/scratch.ts";
import { WorkerPool } from "../platform/pool/pool.ts";
import { THRESHOLDS } from "../testing/checks.ts";
import { WORKER } from "../testing/programs.ts";
import { Lane } from "../checking/lane.ts";

const limits = Value.Create(Limits);
const DEADLINE_MS = 20_000;
const never = new AbortController().signal;

let scratch: Scratch;
let pool: WorkerPool;
let facts: Extract<WorkerJob, { kind: "facts" }>;
beforeAll(async () => {
  scratch = await Scratch.create();
  pool = new WorkerPool({ argv: [process.execPath, "--smol", WORKER], cwd: "/", env: {}, limits: limits.worker, size: 2, backoff: limits.worker });
  const source = scratch.source();
  const base = await source.commit({ "a.ts": "export const a = 1;\n" });
  const head = await source.commit({ "a.test.ts": 'test.only("a", () => expect(1).toBe(1));\n' });
  const { git_dir, object_format } = await scratch.stored(source, [base, head]);
  facts = {
    kind: "facts", git: { ...scratch.tools }, git_dir, object_format, target: head, head, want_tree_sha256: false, trusted_target: false,
    facts_path: join(scratch.root, "facts.json"), policy_path: join(scratch.root, "policy"), deadline_ms: DEADLINE_MS, limits: limits.facts, declared: { commands: {}, obligations: {} },
  };
});
afterAll(async () => {
  await pool.drain(0);
  scratch.dispose();
});

const check = (name: string, facts_sha256: string) => ({ kind: "check" as const, check: name, facts_path: facts.facts_path, facts_sha256, thresholds: THRESHOLDS });

test("a second process reads the facts the first one wrote, and both find the same", async () => {
  await using first = new Lane(pool, never, "test");
  await using second = new Lane(pool, never, "test");
  const { facts_sha256 } = await first.run(facts, DEADLINE_MS);
  const [here, there] = await Promise.all([first.run(check("text", facts_sha256), DEADLINE_MS), second.run(check("text", facts_sha256), DEADLINE_MS)]);
  expect(there.outcome).toEqual(here.outcome);
  expect(here.outcome.findings.map(({ rule }) => rule)).toEqual(["test.focused"]);
});

test("attack: facts altered between two processes are refused, whatever they say now", async () => {
  await using first = new Lane(pool, never, "test");
  await using second = new Lane(pool, never, "test");
  const { facts_sha256 } = await first.run(facts, DEADLINE_MS);
  const text = await Bun.file(facts.facts_path).text();
  const harmless = text.replace("test.only(", "test.each(");
  expect(harmless).not.toBe(text);
  for (const altered of [harmless, `${text} `, "", "{}"]) {
    writeFileSync(facts.facts_path, altered);
    await expect(second.run(check("text", facts_sha256), DEADLINE_MS)).rejects.toMatchObject({ code: "worker.crashed", detail: expect.stringContaining("not those that were collected") });
  }
  // Who collected them does not read the file again.
  const { outcome } = await first.run(check("text", facts_sha256), DEADLINE_MS);
  expect(outcome.result).toBe("fail");
}, 120_000);

test("a job of no known form, or a check nobody has, ends the process and is no answer", async () => {
  await using lane = new Lane(pool, never, "test");
  const { facts_sha256 } = await lane.run(facts, DEADLINE_MS);
  await expect(lane.run(check("licence", facts_sha256), DEADLINE_MS)).rejects.toMatchObject({ code: "worker.crashed", detail: expect.stringContaining("there is no check licence") });
  await expect(lane.run({ ...check("text", facts_sha256), facts_sha256: "short" }, DEADLINE_MS)).rejects.toMatchObject({ code: "worker.crashed" });
});

test("facts that git cannot give are a failure with git's words, not an empty change", async () => {
  await using lane = new Lane(pool, never, "test");
  await expect(lane.run({ ...facts, git_dir: join(scratch.root, "nowhere.git") }, DEADLINE_MS)).rejects.toMatchObject({ code: "worker.crashed" });
});

test("a policy that cannot be read is a result that says so", async () => {
  await using lane = new Lane(pool, never, "test");
  const { result } = await lane.run({ kind: "policy", bundles: ["/nonexistent/policy"], input: {} }, DEADLINE_MS);
  expect(result).toMatchObject({ result: "unavailable" });
});
