/**
 * Whether a tenant can tell from the time of its own requests what another one asked: in half of a thousand probes, in random order, the victim asked the
 * very prompt before. The area under the curve of "faster means asked" is 0.5 for chance. A worker that leaves the tenant out of its keys must be seen by
 * the same probe, or it sees nothing.
 */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TextModels } from "../daemon/models/text/index.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { accepts } from "./rig/accepts.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

/** Of so many, half of them asked, the standard error of chance is 0.018: it alone passes 0.55, either way round, once in 160 runs. */
const PROBES = 1_000;
const CANARY_PROBES = 60;
const AUC_MAX = 0.55;
const AUC_CANARY_MIN = 0.95;
/** 64 tokens of it are a block, which is what can be used again; the rest is evaluated each time. */
const WORDS = 80;
const BLOCK_TOKENS = 64;
/** Standard errors on both sides of which 95 % lie. */
const NORMAL_95 = 1.96;
const TENANTLESS = Bun.fileURLToPath(new URL("./peers/tenantless-worker.ts", import.meta.url));
const TOOL = { name: "node-llama-cpp", version: "3.22.1" };
/** 11 minutes where nobody else works. */
const DEADLINE_MS = 3_600_000;
const work = mkdtempSync(join(tmpdir(), "maestro-timing-"));
const opened: TextModels[] = [];
afterAll(async () => {
  await Promise.all(opened.map((models) => models.close()));
  rmSync(work, { recursive: true, force: true });
});

interface Probe {
  readonly asked: boolean;
  readonly us: number;
  readonly cached: number;
}

/** Chance that a probe of what was asked took less time than one of what was not, where ties count half; and its standard error (Hanley and McNeil 1982). */
function auc(probes: readonly Probe[]): { readonly area: number; readonly error: number } {
  const [asked, unasked] = [true, false].map((which) => probes.filter((one) => one.asked === which).map(({ us }) => us)) as [number[], number[]];
  let won = 0;
  for (const one of asked) for (const other of unasked) won += one < other ? 1 : one === other ? 0.5 : 0;
  const area = won / (asked.length * unasked.length);
  const [q1, q2] = [area / (2 - area), (2 * area ** 2) / (1 + area)];
  const variance = (area * (1 - area) + (asked.length - 1) * (q1 - area ** 2) + (unasked.length - 1) * (q2 - area ** 2)) / (asked.length * unasked.length);
  return { area, error: Math.sqrt(variance) };
}

/** In pairs, one asked and one not, the first by chance: what the machine does meanwhile meets both. */
async function probed(folder: string, count: number, program?: string): Promise<Probe[]> {
  const models = await textModels(join(work, folder), { sequences: 2, context_tokens: 256, threads_max: 1 }, program);
  opened.push(models);
  const random = new SeededRandom(folder);
  const ask = async (tenant: string, text: string, max_tokens: number): Promise<number> => (await models.generate({ model: TEXT_MODEL, prompt: { text }, space: { tenant, task: "triage" }, max_tokens, temperature: 0 })).cached_tokens;
  for (const tenant of ["red", "blue"]) await ask(tenant, wordsFrom(random, WORDS), 1);
  const probes: Probe[] = [];
  let asked = false;
  for (let i = 0; i < count; i++) {
    asked = i % 2 === 0 ? random.bytes(1)[0]! % 2 === 0 : !asked;
    const [secret, other] = [wordsFrom(random, WORDS), wordsFrom(random, WORDS)];
    // The victim asks something each time: that it was there tells nothing.
    await ask("red", asked ? secret : other, 0);
    const began = performance.now();
    const cached = await ask("blue", secret, 1);
    probes.push({ asked, us: (performance.now() - began) * 1_000, cached });
  }
  const { area, error } = auc(probes);
  process.stdout.write(`| ${folder} | ${count} probes | AUC ${area.toFixed(3)} | 95 %: ${(area - NORMAL_95 * error).toFixed(3)} to ${(area + NORMAL_95 * error).toFixed(3)} |\n`);
  return probes;
}

accepts(TOOL, "canary: where the tenant is left out of the key the same probe tells what another one asked", async () => {
  const probes = await probed("tenant left out", CANARY_PROBES, TENANTLESS);
  expect(probes.filter(({ asked, cached }) => asked && cached !== BLOCK_TOKENS).length).toBe(0);
  expect(auc(probes).area).toBeGreaterThan(AUC_CANARY_MIN);
}, DEADLINE_MS);

accepts(TOOL, `${PROBES} probes of another tenant's prompts: none is cached, and time tells nothing`, async () => {
  const probes = await probed("two tenants", PROBES);
  expect(probes.filter(({ cached }) => cached > 0).length).toBe(0);
  const { area } = auc(probes);
  // Either way round: an attacker may well learn that slower means asked.
  expect(Math.max(area, 1 - area)).toBeLessThanOrEqual(AUC_MAX);
}, DEADLINE_MS);
