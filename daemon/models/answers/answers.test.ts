import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/limits.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { GenerateJob, Generated } from "../../../proto/model-work.ts";
import { openStore, type Store } from "../../store/db.ts";
import { flipped } from "../../store/testing/flipped.ts";
import { FakeClock } from "../../testing/clock.ts";
import { type Answers, createAnswers } from "./index.ts";
import { answerKey } from "./key.ts";

const MODEL = "a".repeat(64);
const ENGINE = "fake 1";
const JOB: GenerateJob = { model: "small", prompt: { text: "why did it fail" }, space: { tenant: "red", task: "triage" }, max_tokens: 16, temperature: 0 };
const ANSWER: Generated = { text: "a test 😀 broke", finish: "stop", prompt_tokens: 5, cached_tokens: 0, completion_tokens: 4, queued_us: 1, prompt_us: 2, predicted_us: 3, cpu_us: 4, gpu_us: 0, model_digest: MODEL, engine: ENGINE, templated: "text", bounded: false };

let dir: string;
let store: Store;
let clock: FakeClock;
const warned: string[] = [];
const open = (bytes_max = 1 << 20, engine = ENGINE): Answers => createAnswers({ store, limits: { answers_bytes_max: bytes_max, answers_ttl_s: 60 }, clock, engine, warn: (what) => void warned.push(what) });
const reopen = async (): Promise<void> => {
  await store.close();
  store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
};
const rows = (): number[] => ["answers", "answers.order", "answers.texts"].map((name) => store.scanner.count(name));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-answers-"));
  store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  clock = new FakeClock();
  warned.length = 0;
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test("the same request has its answer again, with no time spent on it, after a restart too", async () => {
  open().put(JOB, ANSWER);
  await reopen();
  const kept = open();
  expect(kept.get(JOB, MODEL)).toEqual({ ...ANSWER, cached_tokens: 5, queued_us: 0, prompt_us: 0, predicted_us: 0, cpu_us: 0 });
  // What changes no text at temperature 0 makes no other request.
  expect(kept.get({ ...JOB, priority: 9, seed: 3, top_p: 0.5, speculate: "lookup" }, MODEL)?.text).toBe(ANSWER.text);
});

test("attack: a model is removed, and imported again it gives what was kept before; another model's answers stay", async () => {
  const kept = open();
  const nth = (i: number): GenerateJob => ({ ...JOB, prompt: { text: `number ${i}` } });
  const other = "b".repeat(64);
  // More than are looked at in one transaction; a text that quotes the other's record is no record of it.
  for (let i = 0; i < 150; i++) kept.put(nth(i), { ...ANSWER, model_digest: i % 3 === 0 ? other : MODEL, text: `{"model_digest":"${i % 3 === 0 ? MODEL : other}"}` });
  await kept.forget(MODEL);
  const look = (answers: Answers): void => {
    for (let i = 0; i < 150; i++) expect([i, answers.get(nth(i), MODEL), answers.get(nth(i), other) === null]).toEqual([i, null, i % 3 !== 0]);
  };
  look(kept);
  await reopen();
  look(open());
  expect(rows()).toEqual([50, 50, 50]);
});

describe("bad luck: the disk gives back what nobody wrote", () => {
  const nth = (i: number): GenerateJob => ({ ...JOB, prompt: { text: `number ${i}` } });
  const other = "b".repeat(64);
  const OWNER = "\xa5owner\xa3red\xa5bytes";
  /** Of answers 0 to 3, the odd ones of another model, each of a size of its own; what is read again is damaged in one place. */
  async function flippedIn(written: (bytes: number) => string): Promise<Answers> {
    const kept = open();
    for (let i = 0; i < 4; i++) kept.put(nth(i), { ...ANSWER, model_digest: i % 2 === 0 ? MODEL : other, text: `answer ${"x".repeat(i)}` });
    const answer = JSON.stringify({ ...ANSWER, text: "answer " });
    await store.close();
    expect(flipped(dir, written(answer.length + 512))).toBeGreaterThan(0);
    store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
    return open();
  }
  const number = (bytes: number): string => `\xcd${String.fromCharCode(bytes >> 8, bytes & 255)}`;
  const told = (kept: Answers): (string | undefined)[] => [0, 1, 2, 3].map((i) => kept.get(nth(i), i % 2 === 0 ? MODEL : other)?.text);
  const damaged = (): number[] => ["answers", "answers.order", "answers.texts"].map((name) => store.scanner.slice(name, undefined, 9).damaged.length);

  test.each([
    ["its row", (bytes: number) => `${OWNER}${number(bytes)}\xa6pieces\x01`, [1, 0, 0]],
    ["its place", () => `${answerKey(nth(0), MODEL, ENGINE)}\xa5owner`, [0, 1, 0]],
    ["its row and its place", (bytes: number) => `${OWNER}${number(bytes)}`, [1, 1, 0]],
    ["its text", () => '"text":"answer "', [0, 0, 1]],
  ] as const)("%s: the answer goes with its model, and no other one's", async (what, written, found) => {
    const kept = await flippedIn(written);
    expect(damaged()).toEqual([...found]);
    await kept.forget(MODEL);
    // A place that leads to nothing known stays for fsck.
    expect([told(kept), rows()]).toEqual([[undefined, "answer x", undefined, "answer xxx"], [2, what === "its row and its place" ? 3 : 2, 2]]);
    kept.put(nth(9), ANSWER);
    expect([kept.get(nth(9), MODEL)?.text, warned]).toEqual([ANSWER.text, []]);
  });

  test("its row: it goes with those past their time", async () => {
    const kept = await flippedIn((bytes) => `${OWNER}${number(bytes)}\xa6pieces\x01`);
    clock.advance(61_000);
    kept.put(nth(9), ANSWER);
    expect([rows(), damaged(), warned]).toEqual([[1, 1, 1], [0, 0, 0], []]);
  });
});

test("every part of a request, tenant, task, salt, model and engine makes another one", () => {
  const others: readonly GenerateJob[] = [
    { ...JOB, prompt: { text: "why did it fail?" } }, { ...JOB, prompt: { messages: [{ role: "user", content: "why did it fail" }] } }, { ...JOB, max_tokens: 17 }, { ...JOB, stop: ["a"] }, { ...JOB, json_schema: {} },
    { ...JOB, space: { tenant: "blue", task: "triage" } }, { ...JOB, space: { tenant: null, task: "triage" } }, { ...JOB, space: { tenant: "red", task: "summary" } }, { ...JOB, space: { tenant: "red", task: "triage", salt: "s" } },
  ];
  const keys = [JOB, ...others].map((job) => answerKey(job, MODEL, ENGINE));
  expect(new Set([...keys, answerKey(JOB, "b".repeat(64), ENGINE), answerKey(JOB, MODEL, "fake 2")]).size).toBe(others.length + 3);
  expect(keys).not.toContain(null);
});

test("attack: another tenant asks the same, or the same under another name of a field", () => {
  const kept = open();
  kept.put(JOB, ANSWER);
  for (const tenant of ["blue", null]) expect(kept.get({ ...JOB, space: { ...JOB.space, tenant } }, MODEL)).toBeNull();
  // Lone surrogates are told apart from what they would be stored as.
  const [lone, replaced] = ["\ud800", "\ufffd"].map((text) => answerKey({ ...JOB, prompt: { text } }, MODEL, ENGINE));
  expect(lone).not.toBe(replaced);
  expect(answerKey({ ...JOB, prompt: { text: "\\ud800" } }, MODEL, ENGINE)).not.toBe(lone);
});

test("what might come out otherwise is never kept: above temperature 0, with an adapter, cancelled, by another engine", () => {
  const kept = open();
  kept.put({ ...JOB, temperature: 0.1 }, ANSWER);
  kept.put({ ...JOB, adapters: [{ name: "style", scale: 1 }] }, ANSWER);
  kept.put(JOB, { ...ANSWER, finish: "cancelled" });
  kept.put(JOB, { ...ANSWER, engine: "remote" });
  expect(rows()).toEqual([0, 0, 0]);
});

test("an answer ends with its time, and one of tomorrow is none", () => {
  const kept = open();
  kept.put(JOB, ANSWER);
  clock.advance(59_000);
  expect(kept.get(JOB, MODEL)?.text).toBe(ANSWER.text);
  clock.advance(1_000);
  expect(kept.get(JOB, MODEL)).toBeNull();
  // What has ended goes with the next that comes.
  kept.put({ ...JOB, max_tokens: 1 }, ANSWER);
  expect(rows()).toEqual([1, 1, 1]);
});

test("a long text is kept in pieces, none of which parts a character; it goes as a whole", () => {
  const kept = open();
  const text = `${"x".repeat(1)}${"😀".repeat(9_000)}`;
  kept.put(JOB, { ...ANSWER, text });
  expect(kept.get(JOB, MODEL)?.text).toBe(text);
  expect(rows()[2]).toBeGreaterThan(30);
  kept.put(JOB, ANSWER);
  expect(rows()).toEqual([1, 1, 1]);
});

test("bytes stay within their limit, and nobody's answers go for those of one who holds more", async () => {
  const kept = open(20_000);
  const of = (tenant: string, i: number): GenerateJob => ({ ...JOB, space: { tenant, task: "triage" }, prompt: { text: `${i}` } });
  kept.put(of("blue", 0), ANSWER);
  for (let i = 0; i < 100; i++) kept.put(of("red", i), ANSWER);
  expect(kept.get(of("blue", 0), MODEL)?.text).toBe(ANSWER.text);
  expect(kept.get(of("red", 0), MODEL)).toBeNull();
  expect(kept.get(of("red", 99), MODEL)?.text).toBe(ANSWER.text);
  const [all] = rows();
  expect(all).toBeGreaterThan(10);
  expect((all ?? 0) * 512).toBeLessThan(20_000);
  // A smaller limit holds from the next one on.
  await reopen();
  open(3_000).put(of("red", 100), ANSWER);
  expect(rows()[0]).toBeLessThan(5);
});

test("a store that fails is a miss, said once each time, and never a failed request", () => {
  const kept = createAnswers({
    store: { table: store.table.bind(store), atomic: () => { throw new MaestroError("store.no_space", "full"); } },
    limits: { answers_bytes_max: 1 << 20, answers_ttl_s: 60 }, clock, engine: ENGINE, warn: (what) => void warned.push(what),
  });
  kept.put(JOB, ANSWER);
  expect(kept.get(JOB, MODEL)).toBeNull();
  expect(warned).toEqual(["an answer could not be kept"]);
});
