/** Prompts that were evaluated before, with the real engine: the text is that of a fresh evaluation, whatever was used again, and nobody has anything of another's. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Generated } from "../proto/model-work.ts";
import type { TextModels } from "../daemon/models/text/index.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { accepts } from "./rig/accepts.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

const PAIRS = 200;
/** Every so many pairs the process is another one. */
const RESTART = 40;
const TOOL = { name: "node-llama-cpp", version: "3.22.1" };
const work = mkdtempSync(join(tmpdir(), "maestro-prefix-"));
let opened: TextModels | null = null;
afterAll(async () => {
  await opened?.close();
  rmSync(work, { recursive: true, force: true });
});

const LIMITS = { sequences: 2, context_tokens: 1_536 };
async function reopened(folder: string): Promise<TextModels> {
  await opened?.close();
  return (opened = await textModels(join(work, folder), LIMITS));
}
const ask = (models: TextModels, text: string, tenant: string, salt: string, max_tokens = 8): Promise<Generated> =>
  models.generate({ model: TEXT_MODEL, prompt: { text }, space: { tenant, task: "triage", salt }, max_tokens, temperature: 0 });

accepts(TOOL, `${PAIRS} pairs of prompts with a common beginning: the second is answered as if nothing had been asked before`, async () => {
  const random = new SeededRandom("prefix pairs");
  const below = (n: number): number => (random.bytes(1)[0]! * 256 + random.bytes(1)[0]!) % n;
  const used = { sequence: 0, file: 0, restart: 0, none: 0 };
  let models = await reopened("pairs");
  let words = wordsFrom(random, 150).split(" ");
  for (let i = 0; i < PAIRS; i++) {
    // Of one prompt the beginning of the next, cut anywhere in its newer two thirds; now and then longer than the window of the model.
    const length = i % 20 >= 17 ? 620 + below(120) : 100 + below(150);
    words = [...words.slice(0, words.length - below(Math.ceil((words.length * 2) / 3))), ...wordsFrom(random, length).split(" ")].slice(0, length);
    const text = words.join(" ");
    const fresh = await ask(models, text, "red", `fresh ${i}`);
    expect(fresh.cached_tokens).toBe(0);
    const how = i % RESTART === RESTART - 1 ? "restart" : i % 3 === 0 ? "file" : "sequence";
    // Two others take both sequences, or another process has none.
    if (how === "file") for (const salt of ["x", "y"]) await ask(models, wordsFrom(random, 3), "blue", `${salt} ${i}`, 0);
    if (how === "restart") models = await reopened("pairs");
    const again = await ask(models, text, "red", "chain");
    expect([i, how, again.text]).toEqual([i, how, fresh.text]);
    used[again.cached_tokens > 0 ? how : "none"] += 1;
  }
  process.stdout.write(`| ${PAIRS} pairs | from a sequence ${used.sequence} | from a file ${used.file} | after a restart ${used.restart} | nothing in common ${used.none} |\n`);
  for (const kind of ["sequence", "file", "restart"] as const) expect(used[kind]).toBeGreaterThan(0);
}, 3_600_000);

accepts(TOOL, "a prompt of one tenant is not cached for another, from no sequence and no file; its own is, from both", async () => {
  const models = await reopened("tenants");
  const text = wordsFrom(new SeededRandom("tenants"), 200);
  const seen: number[] = [];
  for (const tenant of ["red", "blue", "red", "blue", "green"]) seen.push((await ask(models, text, tenant, "s")).cached_tokens);
  expect(seen.slice(0, 2)).toEqual([0, 0]);
  expect(Math.min(...seen.slice(2, 4))).toBeGreaterThanOrEqual(128);
  expect(seen[4]).toBe(0);
  expect((await ask(models, text, "red", "other salt")).cached_tokens).toBe(0);
  // Three more have taken the sequences since: what red has is in its file.
  expect((await ask(models, text, "red", "s")).cached_tokens).toBeGreaterThanOrEqual(128);
});
