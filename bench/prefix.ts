/**
 * Prompts that were evaluated before, through the worker: what is left of the time to the first token where the sequence still holds the prompt,
 * and where its state is read from a file, against evaluating it. Each length is asked in prompts nobody asked before.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Generated } from "../proto/model-work.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { type Bench, median } from "./figure.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

const WORDS = [100, 200, 400, 800] as const;
const RUNS = 5;
const US_PER_MS = 1_000;

export const bench: Bench = async (figure) => {
  const work = mkdtempSync(join(tmpdir(), "maestro-prefix-bench-"));
  const models = await textModels(work, { sequences: 1, context_tokens: 2_048 });
  const random = new SeededRandom("prefix bench");
  const ask = (text: string, salt: string): Promise<Generated> => models.generate({ model: TEXT_MODEL, prompt: { text }, space: { tenant: "red", task: "bench", salt }, max_tokens: 1, temperature: 0 });
  const first_ms = ({ prompt_us, predicted_us }: Generated): number => (prompt_us + predicted_us) / US_PER_MS;
  try {
    await ask(wordsFrom(random, 100), "warm");
    for (const words of WORDS) {
      const [fresh, held, restored]: readonly Generated[][] = [[], [], []];
      for (let i = 0; i < RUNS; i++) {
        const text = wordsFrom(random, words);
        fresh?.push(await ask(text, "a"));
        held?.push(await ask(text, "a"));
        // The one sequence becomes another's, so that the state is in its file alone.
        await ask(wordsFrom(random, 3), "b");
        restored?.push(await ask(text, "a"));
        const texts = new Set([fresh, held, restored].map((of) => of?.at(-1)?.text));
        if (texts.size !== 1) throw new Error(`other texts for one prompt: ${JSON.stringify([...texts])}`);
      }
      const evaluated = { name: "evaluated anew", value: median((fresh ?? []).map(first_ms)) };
      const share = (of: readonly Generated[] | undefined): string => `${median((of ?? []).map(({ cached_tokens }) => cached_tokens))} of ${median((of ?? []).map(({ prompt_tokens }) => prompt_tokens))} tokens used again`;
      figure({ figure: `first token, prompt of ${words} words held in its sequence`, value: median((held ?? []).map(first_ms)), unit: "ms", better: "less", peer: evaluated, note: share(held) });
      figure({ figure: `first token, prompt of ${words} words restored from its file`, value: median((restored ?? []).map(first_ms)), unit: "ms", better: "less", peer: evaluated, note: `${share(restored)}; a window of 512 tokens ends what a file holds` });
    }
  } finally {
    await models.close();
    rmSync(work, { recursive: true, force: true });
  }
};
