/** Text through the worker beside node-llama-cpp called directly with the same settings: the same prompts, one thread, in turns. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "../daemon/testing/random.ts";
import { type Bench, median } from "./figure.ts";
import { output } from "./rig/accepts.ts";
import { engineFolder, openModel } from "./rig/models.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

const ROUNDS = 3;
const PROMPTS = 2;
const WORDS = 100;
const TOKENS = 32;
const CONTEXT_TOKENS = 512;
const MB = 1e6;

/** One generation as its caller sees it; `rest_ms` is from the first piece on. */
interface Run {
  readonly first_ms: number;
  readonly rest_ms: number;
  readonly made: number;
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-text-bench-"));
  const engines = (await engineFolder()).path();
  const models = await textModels(folder, { sequences: 1, context_tokens: CONTEXT_TOKENS, threads_max: 1 });
  const random = new SeededRandom("text bench");
  const through = async (prompt: string, salt: string): Promise<Run> => {
    const began = performance.now();
    let first = 0;
    const { completion_tokens } = await models.generate({ model: TEXT_MODEL, prompt: { text: prompt }, space: { tenant: null, task: "bench", salt }, max_tokens: TOKENS, temperature: 0 }, { onText: () => (first ||= performance.now()) });
    return { first_ms: first - began, rest_ms: performance.now() - first, made: completion_tokens };
  };
  const asked = join(folder, "asked.json");
  const direct = async (prompts: readonly string[]): Promise<readonly Run[]> => {
    const weights = (await openModel(TEXT_MODEL)).files.weights;
    await Bun.write(asked, JSON.stringify({ package_folder: join(engines, "node_modules/node-llama-cpp"), weights, prompts, tokens: TOKENS, context_tokens: CONTEXT_TOKENS }));
    return JSON.parse(await output([process.execPath, join(import.meta.dir, "peers/text-direct.ts"), asked], { timeout_ms: 600_000 })) as Run[];
  };
  try {
    await through("warm", "warm");
    const [ours, theirs]: [Run[], Run[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const prompts = Array.from({ length: PROMPTS }, () => wordsFrom(random, WORDS));
      for (const prompt of prompts) ours.push(await through(prompt, `${round}`));
      // Its first generation warms its process up.
      theirs.push(...(await direct([prompts[0] ?? "", ...prompts])).slice(1));
    }
    const rate = (runs: readonly Run[]): number => median(runs.map(({ made, rest_ms }) => ((made - 1) * 1_000) / rest_ms));
    const first = (runs: readonly Run[]): number => median(runs.map(({ first_ms }) => first_ms));
    const name = "node-llama-cpp called directly";
    figure({ figure: `text through the worker, one thread, ${TOKENS} tokens after ${WORDS} words`, value: rate(ours), unit: "tokens per s", better: "more", peer: { name, value: rate(theirs) }, goal: { ratio: 0.95 } });
    figure({ figure: `first piece of text through the worker, prompt of ${WORDS} words`, value: first(ours), unit: "ms", better: "less", peer: { name, value: first(theirs) }, goal: { ratio: 0.95 } });
    figure({ figure: `memory of a text worker, one sequence of ${CONTEXT_TOKENS} tokens, at most`, value: (models.status()[0]?.memory_bytes ?? 0) / MB, unit: "MB", better: "less" });
  } finally {
    await models.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
