/**
 * Peer of the bench `text`: node-llama-cpp called directly in a process of its own, with the settings of the text worker and none of its turns, frames
 * and files. `SETTINGS.json`; then one question for each line of input, one answer for each line of output.
 */
import { readFileSync } from "node:fs";
import { type Context, loadPackage, type Token } from "../../daemon/models/text/llama.ts";
import { BLOCK_TOKENS } from "../../daemon/models/text/pools.ts";
import { linesOf } from "../rig/lines.ts";

interface Settings {
  readonly package_folder: string;
  readonly weights: string;
  readonly context_tokens: number;
}

/** `whole`: the prompt in one piece, as the package does it by itself; otherwise in blocks and its last token alone, as the worker does. */
export interface DirectAsked {
  readonly prompt: string;
  readonly tokens: number;
  readonly whole: boolean;
}

/** `rest_ms` is from the first piece of text on. */
export interface DirectRun {
  readonly first_ms: number;
  readonly rest_ms: number;
  readonly made: number;
  readonly text: string;
}

const WHOLE_TOKENS = 512;
const BEFORE_TOKENS = 4;

const { package_folder, weights, context_tokens } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Settings;
const kit = await loadPackage(package_folder);
const llama = await kit.getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: kit.LlamaLogLevel.error, progressLogs: false, skipDownload: true });
const model = await llama.loadModel({ modelPath: weights, ignoreMemorySafetyChecks: true });
const contextOf = (batchSize: number): Promise<Context> =>
  model.createContext({ contextSize: context_tokens, sequences: 1, batchSize, flashAttention: true, swaFullCache: true, threads: 1, ignoreMemorySafetyChecks: true, batching: { itemPrioritizationStrategy: ({ items, size }) => items.slice(0, 1).map((item) => ({ item, processAmount: Math.min(size, item.tokens.length) })) } });
const [blocks, whole] = [(await contextOf(BLOCK_TOKENS)).getSequence(), (await contextOf(WHOLE_TOKENS)).getSequence()];

async function ran(asked: DirectAsked): Promise<DirectRun> {
  const sequence = asked.whole ? whole : blocks;
  await sequence.clearHistory();
  const began = performance.now();
  const { bos } = model.tokens;
  const prompt = [...(bos === null ? [] : [bos]), ...model.tokenize(asked.prompt, false)];
  const at = asked.whole ? 0 : prompt.length - 1;
  for (let i = 0; i < at; i += BLOCK_TOKENS) await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(i, Math.min(i + BLOCK_TOKENS, at)));
  let [first, made, text] = [0, 0, ""];
  let before: readonly Token[] = prompt.slice(-BEFORE_TOKENS);
  for await (const token of sequence.evaluate(prompt.slice(at), { temperature: 0, topK: 40, topP: 0.95, minP: 0, yieldEogToken: false })) {
    made += 1;
    const piece = model.detokenize([token], false, before);
    before = [...before, token].slice(-BEFORE_TOKENS);
    text += piece;
    if (piece !== "") first ||= performance.now();
    if (made >= asked.tokens) break;
  }
  return { first_ms: first - began, rest_ms: performance.now() - first, made, text };
}

for await (const line of linesOf(Bun.stdin.stream())) process.stdout.write(`${JSON.stringify(await ran(JSON.parse(line) as DirectAsked))}\n`);
process.exit(0);
