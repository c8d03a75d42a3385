/** Embeddings and vectors with the real engines: the same numbers as Python, the same bits each time, the right neighbours, and nothing stale after a kill. */
import { afterAll, expect } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Embedder } from "../daemon/models/embedding/index.ts";
import { exactNearest } from "../daemon/models/vectors/exact.ts";
import { toHalf, fromHalf } from "../daemon/models/vectors/half.ts";
import { failureOf } from "../daemon/platform/process/testing/gone.ts";
import { accepts } from "./rig/accepts.ts";
import { codeLines, embedderOf, pythonVectors } from "./rig/embedded.ts";
import { EMBEDDING_MODEL, engineFolder, openModel } from "./rig/models.ts";
import { randomUnit } from "./rig/random-vectors.ts";
import { recallOf } from "./rig/recall.ts";
import { CRASH_SPACE, crashRow, openCrashing } from "./rig/vector-writer.ts";

const engines = await engineFolder();
const model = await openModel(EMBEDDING_MODEL);
const tool = { name: "embedding", version: `${model.name}, engines ${engines.version}` };
const folder = mkdtempSync(join(tmpdir(), "maestro-embedding-"));
const opened: Embedder[] = [];
afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
});

function embedder(over: Partial<typeof model> = {}, threads = 1): Embedder {
  const one = embedderOf({ ...model, ...over }, engines.path(), threads);
  opened.push(one);
  return one;
}

/** What breaks tokenizers: other scripts, marks, invisible characters, long words, nothing at all. */
const ODD = ["", " ", "naïve café — “quoted”", "修复解析器中的空指针", "исправлена ошибка", "a\u200bb\u202ec", "x".repeat(300), "é\u0301\u0301", "🙂🙂 emoji", "DROP TABLE users; --", "\tif (a&&!b) {\r\n", "[CLS] [SEP] [MASK] ##ing", "null\u0000byte", "ſtraße ﬁx", "long ".repeat(400), "word".repeat(2_000)];
const TEXTS = [...codeLines(50 - ODD.length), ...ODD];
const bits = (vectors: readonly Float32Array[]): string => Buffer.concat(vectors.map((vector) => new Uint8Array(vector.buffer))).toString("base64");

accepts(tool, `${TEXTS.length} texts, of code and of what breaks tokenizers, have the vectors that Python's onnxruntime and tokenizers give, to 1e-5`, async () => {
  const [ours, theirs] = [await embedder().embed(TEXTS), await pythonVectors(model, TEXTS)];
  const far = TEXTS.map((text, place) => ({ text: text.slice(0, 40), off: Math.max(...(ours.vectors[place] ?? []).map((value, at) => Math.abs(value - (theirs.vectors[place]?.[at] ?? Number.NaN)))) })).filter(({ off }) => !(off <= 1e-5));
  expect(far).toEqual([]);
  // 402 word pieces; a word of thousands of letters is one unknown piece.
  expect(ours.truncated).toEqual([TEXTS.indexOf("long ".repeat(400))]);
  expect(ours.model_digest).toBe(model.digest);
});

accepts(tool, "a text has the same bits alone and among others, in another order, in another process, and with two threads", async () => {
  const one = embedder();
  const together = await one.embed(TEXTS);
  const backwards = await one.embed([...TEXTS].reverse());
  const alone: Float32Array[] = [];
  for (const text of TEXTS) alone.push(...(await one.embed([text])).vectors);
  const threads = await embedder({}, 2).embed(TEXTS);
  expect([bits([...backwards.vectors].reverse()), bits(alone), bits(threads.vectors)].map((text) => text === bits(together.vectors))).toEqual([true, true, true]);
});

accepts(tool, "requests side by side get their own vectors, a cancelled one nothing, and a killed process costs one retry", async () => {
  const one = embedder();
  const [a, b] = [TEXTS.slice(0, 40), TEXTS.slice(5, 25)];
  const stop = new AbortController();
  const given_up = failureOf(one.embed(TEXTS, { signal: stop.signal }));
  const [first, second] = await Promise.all([one.embed(a), one.embed(b), Promise.resolve(stop.abort())]);
  expect([(await given_up).code, bits(first.vectors.slice(5, 25))]).toEqual(["request.cancelled", bits(second.vectors)]);
  const { pid } = one.status();
  const running = failureOf(one.embed(TEXTS));
  process.kill(pid!, "SIGKILL");
  expect((await running).code).toBe("models.died");
  expect(bits((await one.embed(b)).vectors)).toBe(bits(second.vectors));
});

/** A copy of the model in which one file is another. */
function spoiled(name: string, change: (bytes: Buffer) => string | Uint8Array): Partial<typeof model> {
  const at = mkdtempSync(join(folder, "spoiled-"));
  cpSync(model.folder, at, { recursive: true, dereference: true });
  writeFileSync(join(at, name), change(readFileSync(join(at, name))));
  return { folder: at };
}
const json = (change: (value: Record<string, Record<string, unknown>>) => void) => (bytes: Buffer): string => {
  const value = JSON.parse(bytes.toString()) as Record<string, Record<string, unknown>>;
  change(value);
  return JSON.stringify(value);
};

accepts(tool, "a torn ONNX file, one that is none, a tokenizer with other words, and a model of other dimensions are refused before they answer", async () => {
  const weights = "model_quantized.onnx";
  const cases: [string, Partial<typeof model>, string][] = [
    ["torn", spoiled(weights, (bytes) => bytes.subarray(0, bytes.length >> 1)), "cannot be loaded"],
    ["noise", spoiled(weights, () => crypto.getRandomValues(new Uint8Array(65_536))), "cannot be loaded"],
    ["a word less", spoiled("tokenizer.json", json((value) => void delete (value["model"]?.["vocab"] as Record<string, number>)["##ing"])), "another model's"],
    ["words of another", spoiled("tokenizer.json", json((value) => ((value["model"] ??= {})["vocab"] = { "[UNK]": 0, "[CLS]": 1, "[SEP]": 2 }))), "3 word pieces"],
    ["no tokenizer", spoiled("tokenizer.json", () => "{"), "cannot be read"],
    ["other dimensions", { dimensions: 768 }, "384 dimensions"],
  ];
  for (const [what, over, why] of cases) {
    const { code, detail } = await failureOf(embedder(over).embed(["text"]));
    expect([what, code, detail]).toEqual([what, "models.load", expect.stringContaining(why)]);
  }
  const missing = await failureOf(embedderOf(model, folder).embed(["text"]));
  expect([missing.code, missing.detail]).toEqual(["models.missing", expect.stringContaining("maestro models setup")]);
});

const ROWS = 50_000;
accepts(tool, `of ${ROWS} vectors like those of code at least 0.95 of the ten nearest are found, and what was saved is found by the next process`, async () => {
  const lines = (await embedAll(codeLines(2_000))).flat();
  const { recall, restarted, files } = await recallOf({ folder: join(folder, "recall"), engine_folder: engines.path(), rows: ROWS, queries: 200, around: lines });
  process.stdout.write(`embedding: recall@10 of ${ROWS}: ${recall}, after a restart ${restarted}\n`);
  expect(Math.min(recall, restarted)).toBeGreaterThanOrEqual(0.95);
  expect(files).toBe(1);
}, 1_800_000);

async function embedAll(texts: readonly string[]): Promise<Float32Array[][]> {
  const one = embedder();
  const vectors: Float32Array[][] = [];
  for (let at = 0; at < texts.length; at += 200) vectors.push([...(await one.embed(texts.slice(at, at + 200))).vectors]);
  return vectors;
}

/** A space is opened twice in one process: as a matrix, then as a graph. */
const STEPS = [["put", 2], ["opened", 1], ["added", 2], ["written", 1], ["named", 1], ["noted", 1], ["put", 6], ["opened", 2], ["added", 5], ["written", 4], ["named", 4], ["noted", 4]] as const;
accepts(tool, "killed at each step between the database and the named file, the next daemon finds what row by row is found: nothing stale, nothing lost", async () => {
  for (const [place, [step, nth]] of STEPS.entries()) {
    const at = join(folder, `crash-${place}`);
    mkdirSync(at);
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "rig/vector-writer.ts"), at, engines.path(), step, String(nth)], { stdout: "pipe", stderr: "inherit", timeout: 120_000 });
    const acknowledged = Number((await child.stdout.text()).trim().split("\n").at(-1) ?? 0);
    await child.exited;
    expect([step, child.signalCode]).toEqual([step, "SIGKILL"]);
    const { store, vectors } = openCrashing(at, engines.path());
    try {
      const rows = vectors.count(CRASH_SPACE);
      expect(rows).toBeGreaterThanOrEqual(acknowledged);
      const all = Array.from({ length: rows }, (_, n) => fromHalf(toHalf(crashRow(n).vector)));
      const flat = Float32Array.from(all.flatMap((row) => [...row]));
      for (let n = 0; n < 20; n++) {
        const query = randomUnit(1e6 + n, CRASH_SPACE.dimensions);
        const exact = exactNearest(all.map((_, id) => id), flat, query, 5).map(({ id }) => `row ${id}`);
        expect([step, (await vectors.search(CRASH_SPACE, query, 5)).map(({ key }) => key)]).toEqual([step, exact]);
      }
    } finally {
      await vectors.close();
      await store.close();
    }
  }
});

accepts(tool, "the index process with usearch is stopped: the question is answered by another one, as row by row would be", async () => {
  const at = join(folder, "stopped");
  mkdirSync(at);
  const { store, vectors } = openCrashing(at, engines.path(), undefined, 6_000);
  try {
    const items = Array.from({ length: 400 }, (_, n) => crashRow(n));
    vectors.put(CRASH_SPACE, items);
    const query = randomUnit(1e6, CRASH_SPACE.dimensions);
    const before = await vectors.search(CRASH_SPACE, query, 5);
    const { pid } = vectors.status;
    process.kill(pid!, "SIGSTOP");
    expect(await vectors.search(CRASH_SPACE, query, 5)).toEqual(before);
    const flat = Float32Array.from(items.flatMap(({ vector }) => [...fromHalf(toHalf(vector))]));
    expect(before.map(({ key }) => key)).toEqual(exactNearest(items.map((_, id) => id), flat, query, 5).map(({ id }) => `row ${id}`));
    expect([vectors.status.pid === pid, vectors.status.deaths]).toEqual([false, 1]);
  } finally {
    await vectors.close();
    await store.close();
  }
});
