import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { dlopen } from "bun:ffi";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import type { ErrorCode } from "../../../proto/errors.ts";
import { validatorOf } from "./envelope.ts";
import { aliveInGroup } from "../kernel/proc.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { Child, type ChildLimits, type ChildSpec } from "./supervisor.ts";
import { failureOf, goneWithin, processGoneWithin } from "./testing/gone.ts";

const MiB = 1024 * 1024;
const HOSTILE = join(import.meta.dir, "testing/hostile-child.ts");
const LIMITS: ChildLimits = { ready_deadline_ms: 10_000, memory_bytes_max: 400 * MiB, reply_bytes_max: MiB, stderr_bytes_max: 4_096 };
const Reply = Type.Object({ text: Type.String() }, { additionalProperties: false });
const Progress = Type.Object({ step: Type.Integer() }, { additionalProperties: false });
const validate = validatorOf(Reply);

const memory = new MemoryWatch();
const started: Child[] = [];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-supervisor-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.kill()));
});

function spec(mode: string, limits: Partial<ChildLimits> = {}, env: Record<string, string> = {}): ChildSpec {
  return { argv: [process.execPath, HOSTILE, mode], cwd: folder, env, limits: { ...LIMITS, ...limits } };
}

function spawn(mode: string, limits: Partial<ChildLimits> = {}, env: Record<string, string> = {}): Child {
  const child = new Child(spec(mode, limits, env), memory);
  started.push(child);
  return child;
}

async function ready(limits: Partial<ChildLimits> = {}, env: Record<string, string> = {}): Promise<Child> {
  const child = spawn("serve", limits, env);
  await child.ready;
  return child;
}

/** Clears FD_CLOEXEC, as on a descriptor that systemd hands over. */
function allowInherit(fd: number): void {
  const { symbols } = dlopen("libc.so.6", { fcntl: { args: ["i32", "i32", "i32"], returns: "i32" } });
  expect(symbols.fcntl(fd, 2, 0)).toBe(0);
}

const job = (act: string, text = "hello") => ({ act, text });

describe("a child that keeps to the rules", () => {
  test("answers job after job", async () => {
    const child = await ready();
    expect(await child.run(job("echo", "one"), { validate, deadline_ms: 5_000 })).toEqual({ text: "one" });
    expect(await child.run(job("echo", "two \u{1f600}"), { validate, deadline_ms: 5_000 })).toEqual({ text: "two \u{1f600}" });
    expect(child.idle).toBe(true);
    expect(memory.ticking).toBe(false);
  });

  test("has the whole of reply_bytes_max for each job", async () => {
    const child = await ready();
    const text = "x".repeat(600_000);
    for (let i = 0; i < 3; i++) expect((await child.run(job("echo", text), { validate, deadline_ms: 5_000 })).text.length).toBe(text.length);
  });

  test("gets the environment it was given and nothing else", async () => {
    const child = await ready({}, { ONLY: "this" });
    const { text } = await child.run(job("environment"), { validate, deadline_ms: 5_000 });
    expect(JSON.parse(text)).toEqual({ ONLY: "this", MAESTRO_MARK: expect.stringMatching(/^[0-9a-f-]{36}\.[0-9]+$/) });
  });

  test("inherits no descriptor of the daemon but its three pipes, not even one that is open for children", async () => {
    const secret = openSync(join(folder, "secret"), "w");
    allowInherit(secret);
    const child = await ready();
    closeSync(secret);
    const open = readdirSync(`/proc/${child.pid}/fd`).map((fd) => readlinkSync(`/proc/${child.pid}/fd/${fd}`));
    expect(open.filter((file) => !/^(socket:|pipe:|anon_inode:|\/dev\/null$)/.test(file))).toEqual([]);
    expect(new Set(open.filter((file) => /^(socket|pipe):/.test(file))).size).toBe(3);
  });

  test("may not gain privileges and goes first when memory runs out", async () => {
    const child = await ready();
    const { text } = await child.run(job("limits"), { validate, deadline_ms: 5_000 });
    expect(text).toContain("NoNewPrivs:\t1");
    expect(text).toContain("oom 800");
  });

  test("reports progress in order before its answer", async () => {
    const child = await ready();
    const steps: number[] = [];
    const progress = { validate: validatorOf(Progress), take: ({ step }: { step: number }) => void steps.push(step) };
    expect(await child.run(job("progress", "done"), { validate, deadline_ms: 5_000, progress })).toEqual({ text: "done" });
    expect(steps).toEqual([1, 2, 3]);
  });

  test("prints of libraries, programs and native code go to stderr, never into the protocol", async () => {
    const child = await ready();
    expect(await child.run(job("noise"), { validate, deadline_ms: 5_000 })).toEqual({ text: "hello" });
    const lines = ["a library prints a banner", "and another one", "and a program", "and a native library"];
    // By another pipe than the answer.
    for (const ends_ms = performance.now() + 10_000; lines.some((line) => !child.stderr.includes(line)) && performance.now() < ends_ms; ) await Bun.sleep(5);
    for (const line of lines) expect(child.stderr).toContain(line);
  });

  test("a program it starts finds an empty stdin, not the jobs", async () => {
    const child = await ready();
    expect(await child.run(job("stdin", "bytes: "), { validate, deadline_ms: 5_000 })).toEqual({ text: "bytes: 0" });
  });

  test("stderr past its limit is dropped and the job goes on", async () => {
    const child = await ready();
    expect(await child.run(job("stderr-flood"), { validate, deadline_ms: 10_000 })).toEqual({ text: "hello" });
    expect(child.stderr.length).toBeLessThan(LIMITS.stderr_bytes_max + 100);
  });

  test("nothing as an answer arrives as null", async () => {
    const child = await ready();
    expect(await child.run(job("nothing"), { validate: validatorOf(Type.Null()), deadline_ms: 5_000 })).toBe(null);
  });

  test("two jobs at once are the caller's bug", async () => {
    const child = await ready();
    const first = child.run(job("echo"), { validate, deadline_ms: 5_000 });
    expect(child.run(job("echo"), { validate, deadline_ms: 5_000 })).rejects.toThrow("busy");
    expect(await first).toEqual({ text: "hello" });
  });

  test("ends by itself when its input ends, even while a job waits", async () => {
    const child = await ready();
    const running = child.run(job("wait"), { validate, deadline_ms: 20_000 });
    const answer = failureOf(running);
    await child.closeInput();
    expect((await answer).detail).toContain("exit code 0");
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
  });
});

/** What a job does, the code it must fail with, and a word of the detail. */
const FATAL: readonly [act: string, code: ErrorCode, detail: string | RegExp, limits?: Partial<ChildLimits>][] = [
  ["regex", "worker.deadline", "300 ms"],
  ["wasm", "worker.deadline", "300 ms"],
  ["wait", "worker.deadline", "300 ms"],
  ["stop", "worker.deadline", "300 ms"],
  ["leak", "worker.memory", "resident"],
  ["leak-blocking", "worker.memory", "resident"],
  ["leak-in-grandchild", "worker.memory", "resident"],
  ["exit", "worker.crashed", "exit code 1"],
  ["exit-clean", "worker.crashed", "exit code 0"],
  ["segv", "worker.crashed", /SIG|exit code/],
  ["killed-from-outside", "worker.crashed", "SIGKILL"],
  ["throw", "worker.crashed", "hello"],
  ["throw-later", "worker.crashed", "nobody catches this"],
  ["large", "worker.protocol", "limit is"],
  ["progress", "worker.protocol", "nobody asked"],
  ["no such act", "worker.crashed", "no such act"],
];

describe("a child that fails", () => {
  test.each(FATAL)("%s is %s, the group is gone and the parent goes on", async (act, code, detail) => {
    const child = await ready();
    const deadline_ms = code === "worker.deadline" ? 300 : 10_000;
    const failure = await failureOf(child.run(job(act), { validate, deadline_ms }));
    expect(failure.code).toBe(code);
    expect(failure.detail).toMatch(detail);
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
    expect((await failureOf(child.run(job("echo"), { validate, deadline_ms: 1_000 }))).code).toBe(code);
    expect(memory.ticking).toBe(false);
    const next = await ready();
    expect(await next.run(job("echo"), { validate, deadline_ms: 5_000 })).toEqual({ text: "hello" });
  });

  test("its own typed error is the cause, the code stays worker.crashed", async () => {
    const child = await ready();
    const failure = await failureOf(child.run(job("throw-typed", "no entrypoint"), { validate, deadline_ms: 5_000 }));
    expect(failure.code).toBe("worker.crashed");
    expect((failure.cause as { code?: string }).code).toBe("policy.load");
  });

  test("a job it does not understand fails, naming the field", async () => {
    const child = await ready();
    const failure = await failureOf(child.run({ act: 5 }, { validate, deadline_ms: 5_000 }));
    expect(failure.code).toBe("worker.crashed");
    expect(failure.detail).toContain("/act");
  });

  test("a grandchild in a hot loop dies with a child stuck in a regex", async () => {
    const child = await ready();
    const pid_file = join(folder, "hot");
    const answer = failureOf(child.run(job("grandchild-then-regex", pid_file), { validate, deadline_ms: 10_000 }));
    while (child.failure === undefined && !(existsSync(pid_file) && readFileSync(pid_file, "utf8") !== "")) await Bun.sleep(5);
    const grandchild = Number(readFileSync(pid_file, "utf8"));
    expect(aliveInGroup(child.pid).map(({ pid }) => pid)).toContain(grandchild);
    expect((await answer).code).toBe("worker.deadline");
    expect(await processGoneWithin(grandchild, 10_000)).toBe(true);
  });

  test("a grandchild that holds every pipe dies with a child that is retired after a good answer", async () => {
    const child = await ready();
    const { text } = await child.run(job("grandchild", join(folder, "held")), { validate, deadline_ms: 5_000 });
    expect(aliveInGroup(child.pid).map(({ pid }) => pid)).toContain(Number(text));
    await child.kill();
    expect(await processGoneWithin(Number(text), 10_000)).toBe(true);
  });

  test("an abort kills the group", async () => {
    const child = await ready();
    const controller = new AbortController();
    setTimeout(() => controller.abort("client left"), 50);
    const failure = await failureOf(child.run(job("regex"), { validate, deadline_ms: 20_000, signal: controller.signal }));
    expect(failure.code).toBe("request.cancelled");
    expect(failure.cause).toBe("client left");
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
  });

  test("an abort before the job leaves the child unused", async () => {
    const child = await ready();
    expect((await failureOf(child.run(job("exit"), { validate, deadline_ms: 1_000, signal: AbortSignal.abort() }))).code).toBe("request.cancelled");
    expect(child.idle).toBe(true);
  });

  test("a flood of progress stops at reply_bytes_max", async () => {
    const child = await ready();
    const progress = { validate: validatorOf(Progress), take: () => undefined };
    const failure = await failureOf(child.run(job("progress-flood"), { validate, deadline_ms: 10_000, progress }));
    expect(failure.code).toBe("worker.protocol");
    expect(failure.detail).toContain(`${LIMITS.reply_bytes_max} bytes`);
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
  });

  test("progress of the wrong shape is a breach of protocol", async () => {
    const child = await ready();
    const progress = { validate: validatorOf(Progress), take: () => undefined };
    expect((await failureOf(child.run(job("progress-wrong"), { validate, deadline_ms: 5_000, progress }))).code).toBe("worker.protocol");
  });

  test("a program that does not exist is worker.crashed at once", () => {
    expect(() => new Child({ ...spec("serve"), argv: ["/nonexistent/bun"] }, memory)).toThrow("ENOENT");
  });
});

describe("a child that never becomes ready", () => {
  test.each<[mode: string, code: ErrorCode]>([
    ["raw-never-ready", "worker.deadline"],
    ["raw-answer-before-ready", "worker.protocol"],
    ["raw-http", "worker.protocol"],
    ["exit-at-start", "worker.crashed"],
  ])("%s is %s", async (mode, code) => {
    const child = spawn(mode, { ready_deadline_ms: code === "worker.deadline" ? 500 : 10_000 });
    expect((await failureOf(child.ready)).code).toBe(code);
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
    expect((await failureOf(child.run(job("echo"), { validate, deadline_ms: 1_000 }))).code).toBe(code);
  });
});

describe("a child that lies", () => {
  test.each<[mode: string, detail: string]>([
    ["raw-not-json", "not UTF-8 JSON"],
    ["raw-not-utf8", "not UTF-8 JSON"],
    ["raw-over-cap", "4294967295 bytes"],
    ["raw-empty", "empty frame"],
    ["raw-deep", "nested deeper"],
    ["raw-wrong-id", "job 2 while job 1"],
    ["raw-unknown-kind", "union"],
    ["raw-extra-field", "union"],
    ["raw-wrong-schema", "/text"],
    ["raw-proto", "__proto__"],
    ["raw-cut-frame", "inside a frame"],
  ])("%s is worker.protocol and the child is killed", async (mode, detail) => {
    const child = spawn(mode);
    await child.ready;
    const failure = await failureOf(child.run(job("echo"), { validate, deadline_ms: 5_000 }));
    expect(failure.code).toBe("worker.protocol");
    expect(failure.detail).toContain(detail);
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
  });

  test.each(["raw-ready-twice", "raw-answer-before-job"])("%s: speaking unasked ends it", async (mode) => {
    const child = spawn(mode);
    await child.ready;
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
    expect(child.failure?.code).toBe("worker.protocol");
  });

  test("raw-twice: a second answer to the same job never reaches the next one", async () => {
    const child = spawn("raw-twice");
    await child.ready;
    await child.run(job("echo"), { validate, deadline_ms: 5_000 });
    expect(await goneWithin(child.pid, 10_000)).toBe(true);
    expect((await failureOf(child.run(job("echo"), { validate, deadline_ms: 1_000 }))).code).toBe("worker.protocol");
  });

  test("raw-fake-code: an error code that is not in the table is not believed", async () => {
    const child = spawn("raw-fake-code");
    await child.ready;
    const failure = await failureOf(child.run(job("echo"), { validate, deadline_ms: 5_000 }));
    expect(failure.code).toBe("worker.crashed");
    expect(failure.cause).toBe(undefined);
  });
});

test("canary: the look into /proc sees a process that was not killed", async () => {
  const child = await ready();
  expect(await goneWithin(child.pid, 200)).toBe(false);
  expect(aliveInGroup(child.pid).map(({ pid }) => pid)).toEqual([child.pid]);
});
