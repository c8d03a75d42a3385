import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { InferenceLimits, WorkerLimits } from "../../../proto/limits.ts";
import { failureOf, processGoneWithin } from "../../platform/process/testing/gone.ts";
import { createEmbedder, type Embedder, type EmbedderDeps } from "./index.ts";
import { isUnit, pooled } from "./pooling.ts";
import { fakeModel, fakeTransformers } from "./testing/fake-transformers.ts";

setDefaultTimeout(120_000);
let folder: string;
const open: Embedder[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maestro-embedding-"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
});

const LIMITS = { ...Value.Create(WorkerLimits), ...Value.Create(InferenceLimits), memory_bytes_max: 2 ** 31, restart_backoff_ms: 10 };
function embedder(over: Partial<EmbedderDeps> = {}): Embedder {
  const one = createEmbedder({ model: () => fakeModel(folder), engine_folder: fakeTransformers(folder), limits: LIMITS, ...over });
  open.push(one);
  return one;
}

test("vectors come in the order of the texts, of unit length, with the pieces that were read and the texts that were cut", async () => {
  const one = embedder();
  const texts = Array.from({ length: 40 }, (_, place) => (place === 20 ? "a text that is too long" : `text ${place}`));
  const { vectors, truncated, tokens, model_digest } = await one.embed(texts);
  expect([vectors.length, vectors.every(isUnit), truncated, model_digest]).toEqual([40, true, [20], "d".repeat(64)]);
  expect(tokens).toBe(texts.reduce((sum, text) => sum + Math.min(12, text.length + 2), 0));
  for (const place of [0, 17, 39]) expect((await one.embed([texts[place]!])).vectors[0]).toEqual(vectors[place]!);
});

test("what is cut ends as every text ends: the same first pieces, and the last one of all", async () => {
  const one = embedder();
  const [long, same, other] = (await one.embed(["abcdefghijXYZ", "abcdefghij", "abcdefghik"])).vectors;
  expect(long).toEqual(same!);
  expect(long).not.toEqual(other!);
});

test("a request of no text or of too many is refused, and one that is given up is answered so", async () => {
  const one = embedder({ limits: { ...LIMITS, batch_max: 3 } });
  expect([await failureOf(one.embed([])), await failureOf(one.embed(["a", "b", "c", "d"]))].map(({ code }) => code)).toEqual(["models.request", "models.request"]);
  expect((await failureOf(one.embed(["a"], { signal: AbortSignal.abort() }))).code).toBe("request.cancelled");
});

test("more requests than may wait are told so", async () => {
  const one = embedder({ limits: { ...LIMITS, line_max: 2 } });
  const asked = await Promise.allSettled([one.embed(["a"]), one.embed(["b"]), one.embed(["c"])]);
  expect(asked.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(asked[2]).toMatchObject({ reason: { code: "models.busy" } });
});

test("attack: one tenant asks for vectors without end, and another one waits for all of them", async () => {
  const one = embedder({ limits: { ...LIMITS, line_max: 6 } });
  const ended: string[] = [];
  const ask = (tenant: string, texts: number) => one.embed(Array.from({ length: texts }, (_, nth) => `text ${nth}`), { tenant }).then(() => void ended.push(tenant), ({ code }) => void ended.push(code));
  await Promise.all([ask("flood", 64), ask("flood", 64), ask("flood", 64), ask("flood", 16), ask("b", 64)]);
  // Half of the line is what one tenant has of it; and a part of the texts is what one has before the other's turn.
  expect(ended).toEqual(["models.busy", "b", "flood", "flood", "flood"]);
});

test("attack: a request waits beside others past the time that what it costs is promised for", async () => {
  const one = embedder({ limits: { ...LIMITS, generate_deadline_ms: 1 } });
  await one.engine();
  const codes = await Promise.all(Array.from({ length: 4 }, () => failureOf(one.embed(Array.from({ length: 64 }, (_, nth) => `text ${nth}`))).then(({ code }) => code)));
  expect(codes.slice(1)).toEqual(["models.busy", "models.busy", "models.busy"]);
});

test("what is not a number, or of another size, is no vector; and the next request is served", async () => {
  const one = embedder();
  for (const [text, why] of [["nan", "not a number"], ["wide", "4 dimensions"]] as const) {
    const { code, detail } = await failureOf(one.embed(["fine", text]));
    expect([code, detail]).toEqual(["models.load", expect.stringContaining(why)]);
  }
  expect((await one.embed(["fine"])).vectors.length).toBe(1);
});

test("a process that is killed costs its request a retry and nobody else's", async () => {
  const one = embedder();
  const before = await one.embed(["fine"]);
  expect((await failureOf(one.embed(["die"]))).code).toBe("models.died");
  expect((await one.embed(["fine"])).vectors).toEqual(before.vectors);
  expect(one.status().deaths).toBe(1);
});

test("attack: the process is stopped and dies of nothing: its request is told in time to come again, and the next one has another process", async () => {
  const one = embedder({ limits: { ...LIMITS, silence_ms: 4_000 } });
  const before = await one.embed(["fine"]);
  const { pid } = one.status();
  process.kill(pid!, "SIGSTOP");
  const failure = await failureOf(one.embed(["fine"]));
  expect([failure.code, failure.row.retry, failure.detail]).toEqual(["models.died", true, expect.stringContaining("worker.deadline")]);
  expect((await one.embed(["fine"])).vectors).toEqual(before.vectors);
  expect([one.status().pid === pid, one.status().deaths, await processGoneWithin(pid ?? 0, 10_000)]).toEqual([false, 1, true]);
});

/** An engine that stops its process while it is loaded, at the first start. */
function stopsOnce(): string {
  const mark = JSON.stringify(join(folder, "stopped"));
  return fakeTransformers(folder, `import { existsSync, writeFileSync } from "node:fs"; if (!existsSync(${mark})) { writeFileSync(${mark}, ""); process.kill(process.pid, "SIGSTOP"); }`);
}

test("attack: the process is stopped while it is loaded: whoever waits is told within the time of its own request, and once loading had its time another process answers", async () => {
  const patient = embedder({ engine_folder: stopsOnce(), limits: { ...LIMITS, load_deadline_ms: 8_000, silence_ms: 4_000 } });
  const died = await failureOf(patient.embed(["fine"]));
  expect([died.code, died.row.retry]).toEqual(["models.died", true]);
  expect((await patient.embed(["fine"])).vectors.length).toBe(1);
  rmSync(join(folder, "stopped"));
  const hurried = embedder({ engine_folder: stopsOnce(), limits: { ...LIMITS, load_deadline_ms: 60_000, generate_deadline_ms: 500 } });
  const busy = await failureOf(hurried.embed(["fine"]));
  expect([busy.code, busy.row.retry, hurried.status().state]).toEqual(["models.busy", true, "starting"]);
});

test("attack: a tenant's text kills the process again and again: it waits longer each time, and no other tenant is refused", async () => {
  const one = embedder({ limits: { ...LIMITS, restart_backoff_ms: 1_000, restart_backoff_ms_max: 60_000, generate_deadline_ms: 20_000 } });
  const { vectors } = await one.embed(["fine"]);
  const killer = new Set<string>();
  // Four deaths are free or nearly so; the sixth request waits for four seconds, and others go before it.
  for (let i = 0; i < 5; i++) killer.add((await failureOf(one.embed(["die"], { tenant: "bad" }))).code);
  expect(one.status()).toMatchObject({ deaths: 5, state: "ended" });
  const order: string[] = [];
  const sixth = failureOf(one.embed(["die"], { tenant: "bad" })).then(({ code }) => (order.push("bad"), killer.add(code)));
  for (let i = 0; i < 3; i++) expect((await one.embed(["fine"], { tenant: "good" })).vectors).toEqual(vectors);
  order.push("good");
  await sixth;
  expect([[...killer], order]).toEqual([["models.died"], ["good", "bad"]]);
});

const broken: [string, () => Partial<EmbedderDeps>, string, string][] = [
  ["a tokenizer with a word less", () => ({ model: () => fakeModel(folder, { words: 9 }) }), "models.load", "another model's"],
  ["a tokenizer that is no JSON", () => ({ model: () => fakeModel(folder, { tokenizer: "{" }) }), "models.load", "cannot be read"],
  ["a model of other dimensions", () => ({ model: () => fakeModel(folder, { hidden_size: 5 }) }), "models.load", "5 dimensions"],
  ["a model without weights", () => ({ model: () => ({ ...fakeModel(folder), files: {} }) }), "models.load", "no weights"],
  ["a model that gives one text two vectors", () => ({ engine_folder: fakeTransformers(folder, "globalThis.FAKE_DRIFT = true;") }), "models.load", "two vectors"],
  ["an engine folder without the package", () => ({ engine_folder: folder }), "models.missing", "maestro models setup"],
];
for (const [what, over, code, why] of broken) {
  test(`${what} is refused before it answers anybody`, async () => {
    const failure = await failureOf(embedder(over()).embed(["text"]));
    expect([failure.code, failure.detail]).toEqual([code, expect.stringContaining(why)]);
  });
}

test("pooling: the mean's direction, whatever its length", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 20 }), (rows) => {
    const [x, y] = [rows.reduce((sum, [a]) => sum + a, 0), rows.reduce((sum, [, b]) => sum + b, 0)];
    const vector = pooled(rows.flat(), rows.length, 2);
    expect([...vector]).toEqual([expect.closeTo(x / Math.hypot(x, y), 5), expect.closeTo(y / Math.hypot(x, y), 5)]);
    expect(isUnit(vector)).toBe(true);
  }));
  expect(() => pooled([0, 0, 0, 0], 2, 2)).toThrow("no direction");
  expect(() => pooled([1], 1, 2)).toThrow("not a number");
});
