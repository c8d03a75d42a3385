/**
 * Whether a tenant can tell from the time of its own requests what another one asked: in half of a thousand probes the victim asked the very prompt
 * before. The area under the curve of "faster means asked" is 0.5 for chance. With the two in one space the same probe must see it, or it sees nothing.
 */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TextModels } from "../daemon/models/text/index.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { accepts } from "./rig/accepts.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

const PROBES = 1_000;
const CANARY_PROBES = 100;
const AUC_MAX = 0.55;
const AUC_CANARY_MIN = 0.9;
const TOOL = { name: "node-llama-cpp", version: "3.22.1" };
const DEADLINE_MS = 4 * 3_600_000;
const work = mkdtempSync(join(tmpdir(), "maestro-timing-"));
let models: TextModels | null = null;
afterAll(async () => {
  await models?.close();
  rmSync(work, { recursive: true, force: true });
});

interface Probe {
  readonly asked: boolean;
  readonly us: number;
  readonly cached: number;
}

/** Chance that a probe of what was asked took less time than one of what was not; ties count half. */
function auc(probes: readonly Probe[]): number {
  const [asked, unasked] = [true, false].map((which) => probes.filter((one) => one.asked === which).map(({ us }) => us)) as [number[], number[]];
  let won = 0;
  for (const one of asked) for (const other of unasked) won += one < other ? 1 : one === other ? 0.5 : 0;
  return won / (asked.length * unasked.length);
}

async function probed(victim: string, attacker: string, count: number): Promise<Probe[]> {
  models ??= await textModels(work, { sequences: 2, context_tokens: 512 });
  const random = new SeededRandom(`${victim} ${attacker}`);
  const ask = async (tenant: string, text: string): Promise<number> => (await models!.generate({ model: TEXT_MODEL, prompt: { text }, space: { tenant, task: "triage" }, max_tokens: 1, temperature: 0 })).cached_tokens;
  const probes: Probe[] = [];
  for (let i = 0; i < count; i++) {
    const secret = wordsFrom(random, 140);
    const asked = random.bytes(1)[0]! % 2 === 0;
    // The victim asks something each time: that it was there tells nothing.
    await ask(victim, asked ? secret : wordsFrom(random, 140));
    const began = performance.now();
    const cached = await ask(attacker, secret);
    probes.push({ asked, us: (performance.now() - began) * 1_000, cached });
  }
  return probes;
}

accepts(TOOL, `${PROBES} probes of another tenant's prompts: none is cached, and time tells nothing`, async () => {
  const probes = await probed("red", "blue", PROBES);
  const area = auc(probes);
  process.stdout.write(`| two tenants | ${PROBES} probes | AUC ${area.toFixed(3)} |\n`);
  expect(probes.filter(({ cached }) => cached > 0).length).toBe(0);
  // Either way round: an attacker may well learn that slower means asked.
  expect(Math.max(area, 1 - area)).toBeLessThanOrEqual(AUC_MAX);
}, DEADLINE_MS);

accepts(TOOL, "canary: of one tenant's own prompts the same probe tells which were asked", async () => {
  const probes = await probed("green", "green", CANARY_PROBES);
  process.stdout.write(`| one tenant | ${CANARY_PROBES} probes | AUC ${auc(probes).toFixed(3)} |\n`);
  expect(auc(probes)).toBeGreaterThan(AUC_CANARY_MIN);
}, DEADLINE_MS);
