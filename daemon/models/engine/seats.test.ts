/** A process and its place: told of it, used, wanted back, and free again when the process has gone and not before. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { Engine, type EngineLimits, type EngineSeat, type EngineStart } from "./index.ts";

const MiB = 1024 * 1024;
const FAKE = join(import.meta.dir, "testing/fake-engine.ts");
const LIMITS: EngineLimits = { ready_deadline_ms: 30_000, load_deadline_ms: 30_000, silence_ms: 30_000, idle_ms: 60_000, memory_bytes_max: 600 * MiB, stderr_bytes_max: 4_096, restart_backoff_ms: 0, restart_backoff_ms_max: 0 };
const validate = validatorOf(Type.Object({ text: Type.String() }, { additionalProperties: false }));
setDefaultTimeout(60_000);

let folder: string;
const engines: Engine<unknown>[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-engine-seats-"));
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether a process with that id is there; one that ended and was not waited for counts as there. */
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A place that writes down what it is told, and whether the process was still there when it was given back. */
class NotedSeat implements EngineSeat {
  readonly wanted = new AbortController();
  readonly leave = this.wanted.signal;
  readonly told: string[] = [];
  pid = 0;
  under_way = 0;

  started(pid: number): void {
    this.pid = pid;
    this.told.push("started");
  }

  begin(): () => void {
    this.under_way += 1;
    this.told.push("begin");
    return () => {
      this.under_way -= 1;
      this.told.push("end");
    };
  }

  release(): void {
    this.told.push(this.pid !== 0 && lives(this.pid) ? "released before it had gone" : "released");
  }
}

interface Seated {
  readonly engine: Engine<unknown>;
  readonly seats: NotedSeat[];
}

function seated({ mode = "serve", open = "open", limits = {}, place = async () => undefined, argv }: { mode?: string; open?: string; limits?: Partial<EngineLimits>; place?: (nth: number, signal: AbortSignal) => Promise<void>; argv?: readonly string[] } = {}): Seated {
  const seats: NotedSeat[] = [];
  let nth = 0;
  const start = async (signal: AbortSignal): Promise<EngineStart> => {
    await place(nth++, signal);
    const seat = new NotedSeat();
    seats.push(seat);
    return { process: { argv: argv ?? [process.execPath, FAKE, mode, join(folder, "said")], cwd: folder, env: {} }, open: { act: open, text: "it" }, seat };
  };
  const engine = new Engine({ what: "fake engine", start, opened: validate, limits: { ...LIMITS, ...limits } });
  engines.push(engine);
  return { engine, seats };
}

const ask = (engine: Engine<unknown>, act: string, text = "hello", more: { signal?: AbortSignal; heard?: string[] } = {}) =>
  engine.ask({ act, text }, { validate, deadline_ms: 30_000, ...(more.signal === undefined ? {} : { signal: more.signal }), progress: { validate, take: ({ text: word }) => more.heard?.push(word) } });
const codeOf = async (asked: Promise<unknown>): Promise<ErrorCode | "none"> => asked.then(() => "none" as const, (error) => (error instanceof MaestroError ? error.code : "internal.bug"));
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(2);
}

test("it is told of the process, of each request, and of the end of it all when nobody asks", async () => {
  const { engine, seats } = seated({ limits: { idle_ms: 30 } });
  await ask(engine, "echo");
  await codeOf(ask(engine, "refuse"));
  const [seat] = seats;
  await until(() => seat?.told.includes("released") === true);
  expect(seat?.told).toEqual(["started", "begin", "end", "begin", "end", "released"]);
  expect(engine.status.deaths).toBe(0);
});

test("wanted back in the middle: what is under way ends with its answer, and whoever comes then gets another process, after that one has gone", async () => {
  const { engine, seats } = seated();
  const [stop, heard] = [new AbortController(), [] as string[]];
  const long = ask(engine, "wait", "first", { signal: stop.signal, heard });
  await until(() => heard.length === 1);
  const [old] = seats;
  old?.wanted.abort();
  const next = ask(engine, "pid");
  expect(await Promise.race([next, Bun.sleep(50)])).toBeUndefined();
  expect([seats.length, old?.under_way]).toEqual([1, 1]);
  stop.abort();
  expect(await long).toEqual({ text: "first cancelled" });
  expect(await next).toEqual({ text: String(seats[1]?.pid) });
  expect(old?.told).toEqual(["started", "begin", "end", "released"]);
  expect(engine.status.deaths).toBe(0);
});

test("wanted back while nobody uses it, it goes at once", async () => {
  const { engine, seats } = seated();
  await ask(engine, "echo");
  seats[0]?.wanted.abort();
  await until(() => seats[0]?.told.at(-1) === "released");
  expect(engine.status).toMatchObject({ state: "ended", deaths: 0 });
});

test("wanted back while the model is being loaded: nothing is begun there, and the request is answered from another place", async () => {
  const { engine, seats } = seated({ place: async (nth) => void (nth === 0 && setTimeout(() => seats[0]?.wanted.abort(), 1)) });
  expect(await ask(engine, "echo")).toEqual({ text: "hello" });
  expect(seats.map(({ told }) => told)).toEqual([["started", "released"], ["started", "begin", "end"]]);
});

test("one that was told to go and dies at its last request is a death like any other", async () => {
  const { engine, seats } = seated();
  const heard: string[] = [];
  const asked = codeOf(ask(engine, "wait", "", { heard }));
  await until(() => heard.length === 1);
  seats[0]?.wanted.abort();
  process.kill(seats[0]!.pid, "SIGKILL");
  expect(await asked).toBe("models.died");
  expect(engine.status.deaths).toBe(1);
  expect(seats[0]?.told.toSorted()).toEqual(["begin", "end", "released", "started"]);
});

for (const [how, options, code] of [
  ["a program that there is not", { argv: ["/nonexistent/engine"] }, "models.died"],
  ["one that ends at its start", { mode: "die-at-start" }, "models.died"],
  ["a model that is refused", { open: "refuse-to-load" }, "models.load"],
  ["one that hangs while it loads", { open: "hang", limits: { load_deadline_ms: 100, silence_ms: 100 } }, "models.died"],
  ["one that takes too much memory", { open: "leak", limits: { memory_bytes_max: 200 * MiB } }, "models.memory"],
] as const) {
  test(`a start that fails gives its place back: ${how}`, async () => {
    const { engine, seats } = seated(options);
    expect(await codeOf(ask(engine, "echo"))).toBe(code);
    await until(() => seats[0]?.told.at(-1)?.startsWith("released") === true);
    expect(seats[0]?.told.filter((word) => word !== "started")).toEqual(["released"]);
  });
}

test("closed with one at work and told to go, and while another waits for its place: nothing is left, and everybody is told so", async () => {
  const { engine, seats } = seated();
  const heard: string[] = [];
  const asked = codeOf(ask(engine, "wait", "", { heard }));
  await until(() => heard.length === 1);
  seats[0]?.wanted.abort();
  const waiting = codeOf(ask(engine, "echo"));
  await engine.close();
  expect([await asked, await waiting]).toEqual(["daemon.draining", "daemon.draining"]);
  expect(seats.map(({ told }) => told.toSorted())).toEqual([["begin", "end", "released", "started"]]);
});

test("who waits for a place waits as long as it may and no longer, and when nobody does the place is not waited for; the next asks anew", async () => {
  const given_up: boolean[] = [];
  const { engine, seats } = seated({
    place: (nth, signal) => nth > 0 ? Promise.resolve() : new Promise((_, reject) => signal.addEventListener("abort", () => (given_up.push(true), reject(new MaestroError("request.cancelled", "nobody waits"))))),
  });
  const stop = new AbortController();
  const [late, gone] = [codeOf(engine.open({ deadline_ms: 30 })), codeOf(engine.open({ signal: stop.signal }))];
  expect(await late).toBe("models.busy");
  expect(given_up).toEqual([]);
  stop.abort();
  expect(await gone).toBe("request.cancelled");
  expect([given_up, seats.length]).toEqual([[true], 0]);
  expect(await ask(engine, "echo")).toEqual({ text: "hello" });
});
