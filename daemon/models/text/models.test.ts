/** The text worker's own program and its supervision, with a package in the engine's place; the real engine answers in bench/text.accept.ts. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../proto/errors.ts";
import { InferenceLimits, WorkerLimits } from "../../../proto/limits.ts";
import type { GenerateJob } from "../../../proto/model-work.ts";
import { createTextModels, type TextModels } from "./index.ts";
import { fakeLlama } from "./testing/fake-llama.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-text-models-"));
const opened: TextModels[] = [];
afterAll(async () => {
  await Promise.all(opened.map((models) => models.close()));
  rmSync(folder, { recursive: true, force: true });
});

function modelsOf(): TextModels {
  const models = createTextModels({
    models: [{ name: "m" }],
    open: (name) => Promise.resolve({ name, kind: "text", digest: "d".repeat(64), files: { weights: "/none" }, context_tokens: 1_024 }),
    engine_folder: () => fakeLlama(folder),
    limits: { ...Value.Create(WorkerLimits), ...Value.Create(InferenceLimits), memory_bytes_max: 2 ** 31, context_tokens: 1_024 },
    prefix_folder: join(folder, "prefixes"),
  });
  opened.push(models);
  return models;
}
const job = (text: string, tenant: string, more: Partial<GenerateJob> = {}): GenerateJob => ({ model: "m", prompt: { text }, space: { tenant, task: "test" }, max_tokens: 8, temperature: 0, ...more });
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "answered", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));

test("attack: one tenant has prompts counted without end, and another one's waits for all of them", async () => {
  const models = modelsOf();
  await models.count("m", { text: "warm" }, "a");
  const order: string[] = [];
  const count = (tenant: string) => models.count("m", { text: "x".repeat(2_000) }, tenant).then(({ tokens, cpu_us }) => (order.push(tenant), [tokens, cpu_us > 0]), (error: unknown) => order.push(error instanceof MaestroError ? error.code : String(error)));
  const flood = Array.from({ length: 50 }, () => count("flood"));
  expect(await count("b")).toEqual([2_000, true]);
  expect(order.length).toBeLessThanOrEqual(3);
  await Promise.all(flood);
});

test("attack: a tenant whose requests kill the worker takes others' down with it once, and again never", async () => {
  const models = modelsOf();
  const text = (await models.generate(job("hello there", "good"))).text;
  let attacking = true;
  const killer = (async () => {
    const codes = new Set<string>();
    while (attacking) codes.add(await codeOf(models.generate(job("☠ and more", "bad"))));
    return [...codes];
  })();
  const codes: string[] = [];
  for (let i = 0; i < 10; i++) {
    // Long enough that the killer's next request comes while it runs.
    const answer = models.generate(job("hello there", "good", { max_tokens: 200 }));
    codes.push(await codeOf(answer));
    if (codes.at(-1) === "answered") expect((await answer).text.startsWith(text)).toBe(true);
  }
  attacking = false;
  expect(codes.filter((code) => code !== "answered").length).toBeLessThanOrEqual(1);
  expect(codes.filter((code) => code !== "answered" && code !== "models.died")).toEqual([]);
  expect(await killer).toEqual(["models.died"]);
}, 60_000);
