/** One model on the processor in one process, as a worker has it: loads, evaluates, generates, says what it took, and stays until its input ends. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What of the engine is used here. */
interface Engine {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<Model> }>;
  LlamaCompletion: new (options: object) => { generateCompletion(prompt: unknown, options: object): Promise<string> };
}
interface Model {
  tokenize(text: string): unknown[];
  createContext(options: object): Promise<{ getSequence(): { evaluateWithoutGeneratingNewTokens(tokens: unknown[]): Promise<void>; clearHistory(): Promise<void> } }>;
}

export interface GpuRun {
  readonly resident_bytes: number;
}

const PROMPT_TOKENS = 400;
const TOKENS = 64;

if (import.meta.main) {
  const [engine = "", model = "", context = "1024", sequences = "1"] = Bun.argv.slice(2);
  const { getLlama, LlamaCompletion } = (await import(join(engine, "node_modules/node-llama-cpp/dist/index.js"))) as Engine;
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: 2 });
  const loaded = await llama.loadModel({ modelPath: model });
  const opened = await loaded.createContext({ contextSize: Number(context), sequences: Number(sequences), threads: 2 });
  const sequence = opened.getSequence();
  const tokens = loaded.tokenize("A change is judged by what it does and not by what it says. ".repeat(60)).slice(0, PROMPT_TOKENS);
  await sequence.evaluateWithoutGeneratingNewTokens(tokens);
  await sequence.clearHistory();
  await new LlamaCompletion({ contextSequence: sequence }).generateCompletion("The log of the node says", { maxTokens: TOKENS, temperature: 0 });
  // The most there was: of what is mapped the kernel may have taken some back by now.
  const resident_bytes = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
  process.stdout.write(`${JSON.stringify({ resident_bytes } satisfies GpuRun)}\n`);
  for await (const _ of Bun.stdin.stream()) continue;
  process.exit(0);
}
