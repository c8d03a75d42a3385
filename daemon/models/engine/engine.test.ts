import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { MaestroError, type ErrorCode } from "../../../proto/errors.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { failureOf, processGoneWithin } from "../../platform/process/testing/gone.ts";
import { Engine, type EngineLimits } from "./index.ts";

const MiB = 1024 * 1024;
const FAKE = join(import.meta.dir, "testing/fake-engine.ts");
const LIMITS: EngineLimits = { ready_deadline_ms: 10_000, load_deadline_ms: 10_000, silence_ms: 5_000, idle_ms: 60_000, memory_bytes_max: 600 * MiB, stderr_bytes_max: 4_096, restart_backoff_ms: 10, restart_backoff_ms_max: 60_000 };
/** Long enough that a sound process on a busy machine is not taken for one that hangs. */
const SILENCE_MS = 1_500;
const Words = Type.Object({ text: Type.String() }, { additionalProperties: false });
const validate = validatorOf(Words);

let folder: string;
let files = 0;
const engines: Engine<unknown>[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-engine-"));
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

const newFile = (): string => {
  const path = join(folder, `${++files}`);
  writeFileSync(path, "");
  return path;
};

function engineOf(mode = "serve", limits: Partial<EngineLimits> = {}, { file = newFile(), open = "open" } = {}): Engine<{ text: string }> {
  const engine = new Engine({
    what: "fake engine",
    start: async () => ({ process: { argv: [process.execPath, FAKE, mode, file], cwd: folder, env: {} }, open: { act: open, text: "it" } }),
    opened: validate,
    limits: { ...LIMITS, ...limits },
  });
  engines.push(engine);
  return engine;
}

const ask = (engine: Engine<unknown>, act: string, text = "hello", more: { signal?: AbortSignal; deadline_ms?: number; heard?: string[] } = {}) =>
  engine.ask({ act, text }, { validate, deadline_ms: more.deadline_ms ?? 30_000, ...(more.signal === undefined ? {} : { signal: more.signal }), progress: { validate, take: ({ text: word }) => more.heard?.push(word) } });

const codeOf = async (asked: Promise<unknown>): Promise<ErrorCode | "none"> => asked.then(() => "none" as const, (error) => (error instanceof MaestroError ? error.code : "internal.bug"));
const pidOf = (engine: Engine<unknown>): number => engine.status.pid ?? 0;
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(5);
}

describe("requests side by side", () => {
  test("many run at once in one process; each hears its own words in order, and a short one does not wait for a long one", async () => {
    const engine = engineOf();
    expect(await engine.open()).toEqual({ text: "open it" });
    const heard = [0, 1, 2].map((): string[] => []);
    const waits = new AbortController();
    const [waiting, long] = [ask(engine, "wait", "other", { signal: waits.signal }), heard.map((words, i) => ask(engine, "stream", `${i}a ${i}b ${i}c ${i}d`, { heard: words }))];
    // One that goes on until it is told to stop, and this one is over.
    await ask(engine, "echo");
    waits.abort();
    await Promise.all([...long, waiting.catch(() => undefined)]);
    expect(heard).toEqual([0, 1, 2].map((i) => [`${i}a`, `${i}b`, `${i}c`, `${i}d`]));
    expect(engine.status).toMatchObject({ state: "ready", running: 0, deaths: 0 });
  });

  test("the process's own refusal fails that request alone, with its code; a throw is a bug of it and it lives on", async () => {
    const engine = engineOf();
    const waiting = new AbortController();
    const other = ask(engine, "wait", "other", { signal: waiting.signal });
    expect(await failureOf(ask(engine, "refuse", "no such field"))).toMatchObject({ code: "models.request", detail: "no such field" });
    expect(await codeOf(ask(engine, "throw"))).toBe("internal.bug");
    waiting.abort();
    expect(await other).toEqual({ text: "other cancelled" });
    expect(engine.status.deaths).toBe(0);
  });

  test("a cancel is heard while the request runs, is answered, and no other request notices", async () => {
    const engine = engineOf();
    const [stop, heard, kept] = [new AbortController(), [] as string[], new AbortController()];
    const other = ask(engine, "wait", "kept", { signal: kept.signal });
    const cancelled = ask(engine, "wait", "one", { signal: stop.signal, heard });
    await until(() => heard.length === 1);
    stop.abort();
    expect(await cancelled).toEqual({ text: "one cancelled" });
    expect(engine.status.running).toBe(1);
    kept.abort();
    expect(await other).toEqual({ text: "kept cancelled" });
    expect(engine.status).toMatchObject({ running: 0, deaths: 0 });
  });

  test("a signal that came before the request cancels it too, and a passed deadline fails it once the process has stopped it", async () => {
    const engine = engineOf();
    // Nothing is started for somebody who is gone.
    expect(await codeOf(ask(engine, "wait", "late", { signal: AbortSignal.abort() }))).toBe("request.cancelled");
    await engine.open();
    expect(await ask(engine, "wait", "late", { signal: AbortSignal.abort() })).toEqual({ text: "late cancelled" });
    expect(await codeOf(ask(engine, "wait", "slow", { deadline_ms: 30 }))).toBe("worker.deadline");
    expect(engine.status.deaths).toBe(0);
  });
});

describe("a process that ends costs its requests one retry each", () => {
  const DEATHS = ["crash-in-stream", "exit", "stop", "hang", "hang-in-stream", "leak", "wrong-answer", "wrong-progress"];
  for (const act of DEATHS) {
    test(`${act}: everything under way fails as models.died, and the same request again is answered by another process`, async () => {
      const engine = engineOf("serve", { silence_ms: SILENCE_MS, memory_bytes_max: 300 * MiB });
      await engine.open();
      const dead = pidOf(engine);
      const stop = new AbortController();
      const bystander = codeOf(ask(engine, "wait", "bystander", { signal: stop.signal }));
      const failure = await failureOf(ask(engine, act));
      expect([failure.code, failure.row.retry]).toEqual(["models.died", true]);
      expect(await bystander).toBe("models.died");
      expect(await ask(engine, "echo", "again")).toEqual({ text: "again" });
      expect(pidOf(engine)).not.toBe(dead);
      expect(await processGoneWithin(dead, 10_000)).toBe(true);
      expect(engine.status.deaths).toBe(1);
    });
  }

  test("killed from outside in the middle of a stream", async () => {
    const engine = engineOf();
    const heard: string[] = [];
    const asked = failureOf(ask(engine, "wait", "", { heard }));
    await until(() => heard.length === 1);
    process.kill(pidOf(engine), "SIGKILL");
    expect((await asked).code).toBe("models.died");
    expect(await ask(engine, "echo", "again")).toEqual({ text: "again" });
  });

  test("the reason names memory where memory was the reason", async () => {
    const engine = engineOf("serve", { memory_bytes_max: 300 * MiB });
    expect((await failureOf(ask(engine, "leak"))).detail).toContain("the limit is 314572800");
  });

  test("one that does not stop when told to is killed, though others make it talk", async () => {
    const engine = engineOf("serve", { silence_ms: SILENCE_MS });
    const [stop, heard] = [new AbortController(), [] as string[]];
    const asked = codeOf(ask(engine, "deaf", "", { signal: stop.signal, heard }));
    await until(() => heard.length === 1);
    stop.abort();
    const talk = codeOf(ask(engine, "stream", "x ".repeat(1_200)));
    expect([await asked, await talk]).toEqual(["models.died", "models.died"]);
  });

  for (const lie of ["raw-garbage", "raw-length", "raw-unknown-request", "raw-ready", "raw-code"]) {
    test(`${lie}: nonsense is a death`, async () => {
      const engine = engineOf(lie);
      const failure = await failureOf(ask(engine, "echo"));
      expect([failure.code, failure.detail.includes("worker.protocol")]).toEqual(["models.died", true]);
      expect(engine.status.deaths).toBe(1);
    });
  }

  test("a second answer to one request is a death: the first one stands", async () => {
    const engine = engineOf("raw-twice");
    expect(await ask(engine, "echo")).toEqual({ text: "open" });
    await until(() => engine.status.deaths === 1);
  });
});

describe("starting", () => {
  test("many that ask at once share one start, and nothing is started before the first", async () => {
    const file = newFile();
    const engine = engineOf("die-at-first-start", {}, { file });
    expect(engine.status).toEqual({ state: "ended", pid: null, running: 0, deaths: 0, memory_bytes: 0 });
    expect(await Promise.all([1, 2, 3].map(() => codeOf(ask(engine, "echo"))))).toEqual(["models.died", "models.died", "models.died"]);
    expect(readFileSync(file, "utf8")).toBe("x");
    expect(await ask(engine, "echo", "again")).toEqual({ text: "again" });
  });

  test("one that dies at every start is tried three times, then callers are told at once for a while", async () => {
    const file = newFile();
    const engine = engineOf("die-at-start", { restart_backoff_ms: 200 }, { file });
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) codes.push(await codeOf(ask(engine, "echo")));
    expect(codes).toEqual(["models.died", "models.died", "models.load", "models.load", "models.load", "models.load"]);
    // The pause after the third is 800 ms; three refusals take less than that.
    expect([readFileSync(file, "utf8"), engine.status.state]).toEqual(["xxx", "suspended"]);
    await until(() => engine.status.state === "ended");
    expect(await codeOf(ask(engine, "echo"))).toBe("models.load");
    expect(readFileSync(file, "utf8")).toBe("xxxx");
  });

  test("dying at every first request is the same, though each start works", async () => {
    const engine = engineOf("serve", { restart_backoff_ms: 200 });
    const codes: string[] = [];
    for (let i = 0; i < 5; i++) codes.push(await codeOf(ask(engine, "exit")));
    expect(codes).toEqual(["models.died", "models.died", "models.died", "models.load", "models.load"]);
    expect(engine.status.deaths).toBe(3);
  });

  test("what the process says of its model is the answer, and is not asked again at once", async () => {
    const engine = engineOf("serve", { restart_backoff_ms: 1_000 }, { open: "refuse-to-load" });
    const failures = [await failureOf(ask(engine, "echo")), await failureOf(ask(engine, "echo"))];
    expect(failures.map(({ code, detail }) => [code, detail])).toEqual([["models.load", "it"], ["models.load", "it"]]);
    expect(engine.status).toMatchObject({ state: "suspended", pid: null });
  });

  test("a model too large for its limit says so", async () => {
    expect(await codeOf(ask(engineOf("serve", { memory_bytes_max: 200 * MiB }, { open: "leak" }), "echo"))).toBe("models.memory");
  });

  test("one that is never open is killed", async () => {
    const engine = engineOf("serve", { load_deadline_ms: 100, silence_ms: 100 }, { open: "hang" });
    expect(await codeOf(ask(engine, "echo"))).toBe("models.died");
    expect(engine.status.pid).toBeNull();
  });
});

describe("ending", () => {
  test("nobody asks for a while: the process gives back what it holds and goes; the next request starts another", async () => {
    const file = newFile();
    const engine = engineOf("serve", { idle_ms: 50 }, { file });
    await ask(engine, "echo");
    const first = pidOf(engine);
    await until(() => engine.status.state === "ended");
    expect(await processGoneWithin(first, 5_000)).toBe(true);
    expect(readFileSync(file, "utf8")).toBe("closed");
    expect(await ask(engine, "echo", "again")).toEqual({ text: "again" });
    expect([pidOf(engine) === first, engine.status.deaths]).toEqual([false, 0]);
  });

  test("it does not go while somebody waits for an answer", async () => {
    const engine = engineOf("serve", { idle_ms: 20 });
    expect(await ask(engine, "stream", "x ".repeat(40))).toEqual({ text: "x ".repeat(40) });
    expect(engine.status.deaths).toBe(0);
  });

  test("renewed: what runs is answered to its end, and whoever asks meanwhile waits for the next process", async () => {
    const engine = engineOf();
    await engine.open();
    const pid = pidOf(engine);
    const heard: string[] = [];
    const running = ask(engine, "stream", "a b c d e f g h", { heard });
    await until(() => heard.length > 0);
    const renewed = engine.renew();
    const meanwhile = ask(engine, "echo").then(() => pidOf(engine));
    await running;
    expect(heard.length).toBe(8);
    await renewed;
    expect(await processGoneWithin(pid, 5)).toBe(true);
    expect(await meanwhile).not.toBe(pid);
    expect(engine.status.deaths).toBe(0);
    // Where there is none, there is nothing to wait for, and none is started.
    const other = engineOf();
    await other.renew();
    expect(other.status.state).toBe("ended");
  });

  test("closed: what runs is told so, and nothing is started any more", async () => {
    const engine = engineOf();
    const heard: string[] = [];
    const asked = codeOf(ask(engine, "wait", "", { heard }));
    await until(() => heard.length === 1);
    const pid = pidOf(engine);
    await engine.close();
    expect([await asked, await codeOf(ask(engine, "echo"))]).toEqual(["daemon.draining", "daemon.draining"]);
    expect(await processGoneWithin(pid, 10_000)).toBe(true);
  });

  test("closed while it starts: no process is left", async () => {
    const engine = engineOf();
    const asked = codeOf(ask(engine, "echo"));
    await Bun.sleep(5);
    await engine.close();
    expect(await asked).toBe("daemon.draining");
    expect(engine.status.pid).toBeNull();
  });

  test("attack: closed while it is loaded by a process that is stopped: nobody waits until loading has had its time", async () => {
    const file = newFile();
    const engine = engineOf("serve", { load_deadline_ms: 600_000 }, { file, open: "stop" });
    const asked = codeOf(ask(engine, "echo"));
    await until(() => readFileSync(file, "utf8") !== "");
    await engine.close();
    expect([await asked, await processGoneWithin(Number(readFileSync(file, "utf8")), 10_000)]).toEqual(["daemon.draining", true]);
  });
});
