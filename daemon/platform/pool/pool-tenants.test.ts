import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { validatorOf } from "../process/envelope.ts";
import { type PoolSpec, WorkerPool } from "./pool.ts";
import { failureOf } from "../process/testing/gone.ts";

const HOSTILE = join(import.meta.dir, "../process/testing/hostile-child.ts");
const JOB = { validate: validatorOf(Type.Object({ text: Type.String() }, { additionalProperties: false })), deadline_ms: 5_000 };
/** Long enough that a busy machine asks while it is open. */
const OPEN_MS = 4_000;
const pools: WorkerPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.drain(0)));
});

function pool(mode = "serve", backoff: Partial<PoolSpec["backoff"]> = {}): WorkerPool {
  const made = new WorkerPool({
    argv: [process.execPath, HOSTILE, mode],
    cwd: "/",
    env: {},
    size: 2,
    limits: { ready_deadline_ms: 10_000, memory_bytes_max: 2 ** 30, reply_bytes_max: 2 ** 20, stderr_bytes_max: 4_096 },
    backoff: { restart_backoff_ms: 20, restart_backoff_ms_max: 2_000, breaker_deaths_max: 3, breaker_window_ms: 60_000, breaker_open_ms: OPEN_MS, breaker_open_ms_max: 2 * OPEN_MS, ...backoff },
  });
  pools.push(made);
  return made;
}

async function crash(workers: WorkerPool, tenant: string): Promise<string> {
  await using lease = await workers.lease(undefined, tenant);
  return (await failureOf(lease.run({ act: "segv" }, JOB))).code;
}

async function echo(workers: WorkerPool, tenant: string): Promise<unknown> {
  await using lease = await workers.lease(undefined, tenant);
  return await lease.run({ act: "echo", text: tenant }, JOB);
}

test("crash loop: a tenant whose jobs kill their processes is refused at once, others are served, and after the pause one try decides", async () => {
  const workers = pool();
  for (let i = 0; i < 3; i++) expect(await crash(workers, "bad")).toBe("worker.crashed");
  const refused = await failureOf(workers.lease(undefined, "bad"));
  expect([refused.code, refused.detail]).toEqual(["worker.suspended", expect.stringContaining("ended by SIGSEGV")]);
  expect(workers.health).toMatchObject({ starts: "closed", tenants: { open: 1, half_open: 0 }, deaths: 3 });
  expect(await echo(workers, "good")).toEqual({ text: "good" });
  await Bun.sleep(OPEN_MS + 20);
  const trying = await workers.lease(undefined, "bad");
  expect((await failureOf(workers.lease(undefined, "bad"))).detail).toContain("one is being tried");
  expect(await trying.run({ act: "echo", text: "well again" }, JOB)).toEqual({ text: "well again" });
  await trying.release();
  expect(await echo(workers, "bad")).toEqual({ text: "bad" });
  expect(workers.health.tenants).toEqual({ open: 0, half_open: 0 });
});

test("attack: a lease from before the crashes gives no second try while one is under way, and its reply ends no suspension", async () => {
  const workers = pool("serve", { breaker_deaths_max: 1 });
  const [old, doomed] = [await workers.lease(undefined, "bad"), await workers.lease(undefined, "bad")];
  expect((await failureOf(doomed.run({ act: "segv" }, JOB))).code).toBe("worker.crashed");
  await doomed.release();
  await Bun.sleep(OPEN_MS + 20);
  await using trying = await workers.lease(undefined, "bad");
  expect(await old.run({ act: "echo", text: "old" }, JOB)).toEqual({ text: "old" });
  expect(workers.health.tenants).toEqual({ open: 0, half_open: 1 });
  await old.release();
  expect((await failureOf(workers.lease(undefined, "bad"))).detail).toContain("one is being tried");
  expect(await trying.run({ act: "echo", text: "well" }, JOB)).toEqual({ text: "well" });
});

test("what a job says is wrong, and what is only slow, opens no breaker", async () => {
  const workers = pool();
  for (let i = 0; i < 5; i++) {
    await using lease = await workers.lease(undefined, "clumsy");
    const slow = i % 2 === 0;
    const failure = await failureOf(lease.run(slow ? { act: "regex" } : { act: "throw-typed", text: "cannot" }, { ...JOB, deadline_ms: slow ? 30 : 5_000 }));
    expect(failure.code).toBe(slow ? "worker.deadline" : "worker.crashed");
  }
  expect(workers.health).toMatchObject({ tenants: { open: 0, half_open: 0 }, deaths: 0 });
  expect(await echo(workers, "clumsy")).toEqual({ text: "clumsy" });
});

test("processes that die before they are ready: callers are told at once, not after the next try", async () => {
  const workers = pool("exit-at-start", { restart_backoff_ms: 1_000, restart_backoff_ms_max: 60_000 });
  for (let i = 0; i < 3; i++) expect((await failureOf(workers.lease())).code).toBe("worker.crashed");
  expect(workers.health).toMatchObject({ starts: "open", deaths: 3 });
  const asked_ms = performance.now();
  const refused = await failureOf(workers.lease());
  expect([refused.code, refused.detail]).toEqual(["worker.suspended", expect.stringContaining("exit code 9")]);
  // The next try is four seconds away.
  expect(performance.now() - asked_ms).toBeLessThan(3_500);
});

test("one tenant in every process: another's job does not wait for it", async () => {
  const workers = pool();
  const held = [await workers.lease(undefined, "long"), await workers.lease(undefined, "long")];
  const stuck = held.map((lease) => failureOf(lease.run({ act: "regex" }, { ...JOB, deadline_ms: 60_000 })));
  let third = false;
  const waiting = workers.lease(undefined, "long").then((lease) => ((third = true), lease));
  expect(await echo(workers, "short")).toEqual({ text: "short" });
  expect([third, workers.counts.busy, workers.health.waiting]).toEqual([false, 2, 1]);
  await Promise.all(held.map((lease) => lease.release()));
  expect((await Promise.all(stuck)).map(({ code }) => code)).toEqual(["worker.crashed", "worker.crashed"]);
  await (await waiting).release();
  expect(workers.counts.busy).toBe(0);
});
