/** Text models over the acceptance items' engine and model, in a folder of their own; and prompts that nobody asked before. */
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { InferenceLimits, WorkerLimits } from "../../proto/limits.ts";
import { createTextModels, type TextModels } from "../../daemon/models/text/index.ts";
import type { SeededRandom } from "../../daemon/testing/random.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./models.ts";

export { TEXT_MODEL } from "./models.ts";

/** `program`: another worker than the daemon's. */
export async function textModels(folder: string, over: Partial<InferenceLimits> = {}, program?: string): Promise<TextModels> {
  const engine = (await engineFolder()).path();
  const { ready_deadline_ms, stderr_bytes_max, restart_backoff_ms, restart_backoff_ms_max } = Value.Create(WorkerLimits);
  return createTextModels({
    models: [{ name: TEXT_MODEL }],
    open: (name) => openModel(name),
    engine_folder: () => join(engine, "node_modules/node-llama-cpp"),
    prefix_folder: folder,
    ...(program === undefined ? {} : { argv: [process.execPath, program] }),
    limits: { ...Value.Create(InferenceLimits), ready_deadline_ms, stderr_bytes_max, restart_backoff_ms, restart_backoff_ms_max, ...over },
  });
}

const WORDS = "the parser reads a token from each line and the gate refuses what no rule admits while tests run over every file that changed since the last commit was signed".split(" ");

/** So many words drawn from a few: a token or a little more each. */
export function wordsFrom(random: SeededRandom, count: number): string {
  return Array.from(random.bytes(count), (byte) => WORDS[byte % WORDS.length]).join(" ");
}
