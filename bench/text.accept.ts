/** The text worker with a real engine and model: the same text whatever runs beside it, and a death that costs one retry. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limitsFor } from "./rig/text.ts";
import { createTextModels, type TextFiles, type TextModels } from "../daemon/models/text/index.ts";
import type { Generated, GenerateJob } from "../proto/model-work.ts";
import { MaestroError } from "../proto/errors.ts";
import { accepts } from "./rig/accepts.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./rig/models.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-text-"));
const engine = await engineFolder();
const opened: TextModels[] = [];
afterAll(async () => {
  for (const models of opened) await models.close();
  rmSync(folder, { recursive: true });
});

function modelsOf(files: () => Promise<TextFiles>): TextModels {
  const models = createTextModels({ models: [{ name: TEXT_MODEL }], open: files, engine_folder: () => join(engine.path(), "node_modules/node-llama-cpp"), limits: limitsFor(1_024), prefix_folder: folder });
  opened.push(models);
  return models;
}
const models = modelsOf(() => openModel(TEXT_MODEL));
const job = (text: string, more: Partial<GenerateJob> = {}): GenerateJob => ({ model: TEXT_MODEL, prompt: { text }, space: { tenant: null, task: "accept" }, max_tokens: 24, temperature: 0, ...more });
const codeOf = async (asked: Promise<unknown>): Promise<string> => asked.then(() => "none", (error) => (error instanceof MaestroError ? error.code : String(error)));

const CODE = 'function add(a, b) {\n  return a + b;\n}\n\nfunction subtract(a, b) {\n  return a - b;\n}\n\n'.repeat(6);
const PROMPTS = ["The capital of France is", `${CODE}function add(a, b) {\n`, "Once upon a time", `Commit message: ${CODE}`];
const alone: Generated[] = [];

accepts(engine, "at temperature 0 the text is the same on a fresh and a used sequence, alone and beside three others, streamed or not", async () => {
  for (const text of PROMPTS) alone.push(await models.generate(job(text)));
  const heard = PROMPTS.map((): string[] => []);
  const beside = await Promise.all(PROMPTS.map((text, i) => models.generate(job(text), { onText: (piece) => heard[i]?.push(piece) })));
  expect(beside.map(({ text }) => text)).toEqual(alone.map(({ text }) => text));
  expect(heard.map((pieces) => pieces.join(""))).toEqual(alone.map(({ text }) => text));
  expect(beside[3]?.cached_tokens).toBeGreaterThan(0);
});

accepts(engine, "guessing changes nothing but the time", async () => {
  for (const [i, text] of PROMPTS.entries()) expect((await models.generate(job(text, { speculate: "lookup" }))).text).toBe(alone[i]?.text ?? "");
});

accepts(engine, "what is asked for as JSON parses and keeps its bounds", async () => {
  const json_schema = { type: "object", properties: { risk: { enum: ["low", "high"] }, score: { type: "integer", minimum: 0, maximum: 10 }, words: { type: "array", items: { type: "string", maxLength: 8 }, maxItems: 2 } } };
  const { text, finish, bounded } = await models.generate(job("Rate the risk as JSON: ", { json_schema, max_tokens: 120 }));
  const said = JSON.parse(text);
  expect([finish, bounded, ["low", "high"].includes(said.risk), said.score >= 0 && said.score <= 10, said.words.length <= 2]).toEqual(["stop", false, true, true, true]);
});

accepts(engine, "a prompt over the context is refused before anything is evaluated", async () => {
  expect(await codeOf(models.generate(job("word ".repeat(2_000))))).toBe("models.context");
});

accepts(engine, "attack: a megabyte of prompt, which takes seconds to cut into tokens while nobody else's come: only its head is", async () => {
  for (const text of ["word ".repeat(200_000), " ".repeat(1_000_000), "🙂日本".repeat(100_000)]) {
    let least_us = Infinity;
    for (let times = 0; times < 3; times++) {
      const { beyond, cpu_us } = await models.count(TEXT_MODEL, { text }, null);
      expect(beyond).toMatch(/^the first \d{4,6} of \d+ characters/);
      least_us = Math.min(least_us, cpu_us);
    }
    // No more than is charged where the worker dies of it and says nothing; of one time in which the machine paused nothing is said.
    expect(least_us).toBeGreaterThan(0);
    expect(least_us).toBeLessThan(Buffer.byteLength(text));
  }
  // What fits is counted as before, however it is cut.
  const { tokens, beyond } = await models.count(TEXT_MODEL, { text: " ".repeat(20_000) }, null);
  expect([tokens < 1_024, beyond]).toEqual([true, null]);
});

accepts(engine, "given up half way it says what it took, and the sequence is free", async () => {
  const stop = new AbortController();
  const { finish, completion_tokens } = await models.generate(job("Once upon a time", { max_tokens: 500 }), { signal: stop.signal, onText: () => stop.abort() });
  expect([finish, completion_tokens < 250]).toEqual(["cancelled", true]);
  expect((await models.generate(job(PROMPTS[0] ?? ""))).text).toBe(alone[0]?.text ?? "");
});

accepts(engine, "killed in the middle it costs one retry, with the same text", async () => {
  const pid = models.status()[0]?.pid;
  if (pid == null) throw new Error("no worker stands");
  expect(await codeOf(models.generate(job("Once upon a time", { max_tokens: 500 }), { onText: () => process.kill(pid, "SIGKILL") }))).toBe("models.died");
  expect((await models.generate(job(PROMPTS[0] ?? ""))).text).toBe(alone[0]?.text ?? "");
});

accepts(engine, "a broken model is said to be one, and nothing else dies", async () => {
  const broken = join(folder, "broken.gguf");
  const whole = await openModel(TEXT_MODEL);
  await Bun.write(broken, await Bun.file(whole.files.weights ?? "").slice(0, 1_000_000).arrayBuffer());
  expect(await codeOf(modelsOf(async () => ({ ...whole, files: { weights: broken } })).generate(job("a")))).toBe("models.load");
});
