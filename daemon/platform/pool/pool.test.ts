import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { validatorOf } from "../process/envelope.ts";
import { statOf } from "../kernel/proc.ts";
import { type PoolSpec, WorkerPool } from "./pool.ts";
import { failureOf, goneWithin, processGoneWithin } from "../process/testing/gone.ts";

const HOSTILE = join(import.meta.dir, "../process/testing/hostile-child.ts");
const validate = validatorOf(Type.Object({ text: Type.String() }, { additionalProperties: false }));
const JOB = { validate, deadline_ms: 5_000 };
/** Never open in a test that does not ask for it. */
const BREAKER = { breaker_deaths_max: 1_000, breaker_window_ms: 60_000, breaker_open_ms: 100, breaker_open_ms_max: 400 };
const pools: WorkerPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.drain(0)));
});

function pool(over: Partial<PoolSpec> = {}, mode = "serve"): WorkerPool {
  const made = new WorkerPool({
    argv: [process.execPath, HOSTILE, mode],
    cwd: "/",
    env: {},
    size: 2,
    limits: { ready_deadline_ms: 10_000, memory_bytes_max: 2 ** 30, reply_bytes_max: 2 ** 20, stderr_bytes_max: 4_096 },
    backoff: { restart_backoff_ms: 50, restart_backoff_ms_max: 200, ...BREAKER },
    ...over,
  });
  pools.push(made);
  return made;
}

function childrenOfThis(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").map(Number);
}

async function until(holds: () => boolean): Promise<void> {
  const stop_ms = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > stop_ms) throw new Error("it never came to hold");
    await Bun.sleep(2);
  }
}

describe("WorkerPool", () => {
  test("starts nothing until it is needed", async () => {
    const workers = pool();
    await Bun.sleep(50);
    expect(workers.counts).toEqual({ ready: 0, busy: 0 });
    expect(await workers.run({ act: "echo", text: "cold" }, JOB)).toEqual({ text: "cold" });
    expect(workers.counts).toEqual({ ready: 0, busy: 0 });
  });

  test("keeps its size warm and replaces what was leased", async () => {
    const workers = pool();
    workers.warm();
    await until(() => workers.counts.ready === 2);
    const lease = await workers.lease();
    await until(() => workers.counts.ready === 2);
    expect(workers.counts).toEqual({ ready: 2, busy: 1 });
    await lease.release();
    expect(await goneWithin(lease.pid, 10_000)).toBe(true);
    expect(workers.counts).toEqual({ ready: 2, busy: 0 });
  });

  test("never hands a child out twice", async () => {
    const workers = pool();
    workers.warm();
    const pids: number[] = [];
    for (let i = 0; i < 5; i++) {
      await using lease = await workers.lease();
      pids.push(lease.pid);
    }
    expect(new Set(pids).size).toBe(5);
    for (const pid of pids) expect(await goneWithin(pid, 10_000)).toBe(true);
  });

  test("one lease does several jobs in the same process", async () => {
    await using lease = await pool().lease();
    expect(await lease.run({ act: "echo", text: "1" }, JOB)).toEqual({ text: "1" });
    expect(await lease.run({ act: "echo", text: "2" }, JOB)).toEqual({ text: "2" });
  });

  test("leases at most its size at once, even with warm children at hand, and keeps the line in order", async () => {
    const workers = pool();
    workers.warm();
    const [first, second] = await Promise.all([workers.lease(), workers.lease()]);
    const order: string[] = [];
    const third = workers.lease().then((lease) => (order.push("third"), lease));
    const fourth = workers.lease().then((lease) => (order.push("fourth"), lease));
    await until(() => workers.counts.ready === 2);
    await Bun.sleep(20);
    expect(order).toEqual([]);
    await first?.release();
    await (await third).release();
    await (await fourth).release();
    expect(order).toEqual(["third", "fourth"]);
    await second?.release();
  });

  test("an abort leaves the line without taking a child", async () => {
    const workers = pool({ size: 1 });
    const lease = await workers.lease();
    const controller = new AbortController();
    const waiting = failureOf(workers.lease(controller.signal));
    controller.abort();
    expect((await waiting).code).toBe("request.cancelled");
    await lease.release();
    await using next = await workers.lease();
    expect(await next.run({ act: "echo", text: "next" }, JOB)).toEqual({ text: "next" });
  });

  test("a failed job costs one child, not the pool", async () => {
    const workers = pool({ size: 1 });
    workers.warm();
    expect((await failureOf(workers.run({ act: "exit" }, JOB))).code).toBe("worker.crashed");
    expect((await failureOf(workers.run({ act: "regex" }, { ...JOB, deadline_ms: 100 }))).code).toBe("worker.deadline");
    expect(await workers.run({ act: "echo", text: "alive" }, JOB)).toEqual({ text: "alive" });
  });

  test("children that die at start fail the caller instead of hanging it, with growing pauses between starts", async () => {
    const workers = pool({ size: 1, backoff: { restart_backoff_ms: 400, restart_backoff_ms_max: 5_000, ...BREAKER } }, "exit-at-start");
    const waits_ms: number[] = [];
    for (let i = 0; i < 3; i++) {
      const began_ms = performance.now();
      expect((await failureOf(workers.lease())).code).toBe("worker.crashed");
      waits_ms.push(performance.now() - began_ms);
    }
    // Of 400 and 800: a pause begins at the death, which a busy machine tells us of a little later.
    expect(waits_ms[1]).toBeGreaterThan(300);
    expect(waits_ms[2]).toBeGreaterThan(700);
  });

  test("a program that is missing fails the caller", async () => {
    expect((await failureOf(pool({ argv: ["/nonexistent/bun"] }).lease())).detail).toContain("ENOENT");
  });

  test("a warm child that dies while it waits is replaced", async () => {
    const workers = pool({ size: 1 });
    const before = childrenOfThis();
    workers.warm();
    await until(() => workers.counts.ready === 1);
    const [warm] = childrenOfThis().filter((pid) => !before.includes(pid));
    process.kill(warm!, "SIGKILL");
    await until(() => workers.counts.ready === 0);
    await until(() => workers.counts.ready === 1);
    await using lease = await workers.lease();
    expect(lease.pid).not.toBe(warm ?? 0);
    expect(await lease.run({ act: "echo", text: "new" }, JOB)).toEqual({ text: "new" });
  });

  test("a leased child that is killed from outside fails its next job at once", async () => {
    await using lease = await pool().lease();
    process.kill(lease.pid, "SIGKILL");
    expect((await failureOf(lease.run({ act: "echo" }, JOB))).code).toBe("worker.crashed");
  });

  test("cool ends the idle children and the next lease starts one", async () => {
    const workers = pool();
    workers.warm();
    await until(() => workers.counts.ready === 2);
    await workers.cool();
    expect(workers.counts.ready).toBe(0);
    await using lease = await workers.lease();
    expect(await lease.run({ act: "echo", text: "again" }, JOB)).toEqual({ text: "again" });
  });

  test("a lease asked for while children are being cooled on their way up is served", async () => {
    const workers = pool();
    workers.warm();
    const cooled = workers.cool();
    await using lease = await workers.lease();
    await cooled;
    expect(await lease.run({ act: "echo", text: "served" }, JOB)).toEqual({ text: "served" });
  });
});

describe("drain", () => {
  test("lets a running job finish, refuses new callers and ends every process", async () => {
    const workers = pool({ size: 1 });
    const lease = await workers.lease();
    const waiting = failureOf(workers.lease());
    const job = lease.run({ act: "echo", text: "finished" }, JOB).finally(() => lease.release());
    const drained = workers.drain(5_000);
    expect(await job).toEqual({ text: "finished" });
    await drained;
    expect((await waiting).code).toBe("daemon.draining");
    expect((await failureOf(workers.lease())).code).toBe("daemon.draining");
    expect(await goneWithin(lease.pid, 10_000)).toBe(true);
  });

  test("kills what is stuck at its deadline", async () => {
    const workers = pool({ size: 1 });
    workers.warm();
    const lease = await workers.lease();
    const stuck = failureOf(lease.run({ act: "wasm" }, { validate, deadline_ms: 60_000 }));
    const began_ms = performance.now();
    await workers.drain(100);
    expect(performance.now() - began_ms).toBeLessThan(10_000);
    expect((await stuck).code).toBe("worker.crashed");
    expect(await goneWithin(lease.pid, 10_000)).toBe(true);
  });
});

test("kill -9 of the daemon takes a child stuck in a regex and an idle one with it", async () => {
  const daemon = Bun.spawn([process.execPath, join(import.meta.dir, "../process/testing/doomed-daemon.ts")], { stdout: "pipe", stderr: "inherit" });
  const { value } = await daemon.stdout.getReader().read();
  const { stuck, idle } = JSON.parse(new TextDecoder().decode(value)) as { stuck: number; idle: number };
  for (const ends_ms = performance.now() + 10_000; statOf(stuck)?.state !== "R" && performance.now() < ends_ms; ) await Bun.sleep(5);
  expect(statOf(stuck)?.state).toBe("R");
  daemon.kill("SIGKILL");
  await daemon.exited;
  expect(await processGoneWithin(stuck, 10_000)).toBe(true);
  expect(await processGoneWithin(idle, 10_000)).toBe(true);
});
