/** Peer of the bench `text`: node-llama-cpp called directly, with the settings of the text worker and none of its turns, pieces, frames and process. */
import { readFileSync } from "node:fs";
import { loadPackage } from "../../daemon/models/text/llama.ts";

interface Asked {
  readonly package_folder: string;
  readonly weights: string;
  readonly prompts: readonly string[];
  readonly tokens: number;
  readonly context_tokens: number;
}

const asked = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Asked;
const kit = await loadPackage(asked.package_folder);
const llama = await kit.getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: kit.LlamaLogLevel.error, progressLogs: false, skipDownload: true });
const model = await llama.loadModel({ modelPath: asked.weights, ignoreMemorySafetyChecks: true });
const context = await model.createContext({ contextSize: asked.context_tokens, sequences: 1, batchSize: 64, flashAttention: true, swaFullCache: true, threads: 1, ignoreMemorySafetyChecks: true, batching: { itemPrioritizationStrategy: ({ items, size }) => items.slice(0, 1).map((item) => ({ item, processAmount: Math.min(size, item.tokens.length) })) } });
const sequence = context.getSequence();
const runs: { readonly first_ms: number; readonly rest_ms: number; readonly made: number; readonly text: string }[] = [];
for (const prompt of asked.prompts) {
  await sequence.clearHistory();
  const began = performance.now();
  const { bos } = model.tokens;
  const tokens = [...(bos === null ? [] : [bos]), ...model.tokenize(prompt, false)];
  const made: typeof tokens = [];
  let first = 0;
  for await (const token of sequence.evaluate(tokens, { temperature: 0, topK: 40, topP: 0.95, minP: 0, yieldEogToken: false })) {
    if (made.length === 0) first = performance.now();
    made.push(token);
    if (made.length >= asked.tokens) break;
  }
  runs.push({ first_ms: first - began, rest_ms: performance.now() - first, made: made.length, text: model.detokenize(made) });
}
process.stdout.write(JSON.stringify(runs));
await context.dispose();
await model.dispose();
process.exit(0);
