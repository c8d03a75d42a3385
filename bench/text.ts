/**
 * Text by three ways, which take turns prompt by prompt: node-llama-cpp called directly, through the worker, and through worker, daemon and Unix socket
 * as server-sent events. One thread, the same blocks, sampler and context, and the same text or the bench fails.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { type Bench, median, percentile, type PrintFigure } from "./figure.ts";
import type { DirectAsked, DirectRun } from "./peers/text-direct.ts";
import { engineFolder, openModel, storeModel } from "./rig/models.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

const ROUNDS = 15;
const WARM_UP = 2;
const WORDS = 100;
const TOKENS = 64;
const LIMITS = { sequences: 1, context_tokens: 512, threads_max: 1 } as const;
const MB = 1e6;
const DIRECT = "node-llama-cpp called directly";

interface Way {
  ask(prompt: string): Promise<DirectRun>;
  close(): Promise<unknown>;
}

/** Lines of a stream as they come. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = lines.pop() ?? "";
    yield* lines;
  }
}

async function directly(folder: string): Promise<Way & { whole(prompt: string): Promise<DirectRun> }> {
  const settings = join(folder, "direct.json");
  const [engines, model] = [(await engineFolder()).path(), await openModel(TEXT_MODEL)];
  writeFileSync(settings, JSON.stringify({ package_folder: join(engines, "node_modules/node-llama-cpp"), weights: model.files.weights, context_tokens: LIMITS.context_tokens }));
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "peers/text-direct.ts"), settings], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const lines = linesOf(child.stdout);
  const said = async (asked: DirectAsked): Promise<DirectRun> => {
    child.stdin.write(`${JSON.stringify(asked)}\n`);
    await child.stdin.flush();
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`the peer ended with ${await child.exited}`);
    return JSON.parse(value) as DirectRun;
  };
  return {
    ask: (prompt) => said({ prompt, tokens: TOKENS, whole: false }),
    whole: (prompt) => said({ prompt, tokens: 1, whole: true }),
    async close() {
      await child.stdin.end();
      await child.exited;
    },
  };
}

async function throughWorker(folder: string): Promise<Way & { memory(): number }> {
  const models = await textModels(folder, LIMITS);
  return {
    async ask(prompt) {
      const began = performance.now();
      let first = 0;
      const { completion_tokens: made, text } = await models.generate({ model: TEXT_MODEL, prompt: { text: prompt }, space: { tenant: null, task: "bench" }, max_tokens: TOKENS, temperature: 0 }, { onText: () => (first ||= performance.now()) });
      return { first_ms: first - began, rest_ms: performance.now() - first, made, text };
    },
    memory: () => models.status()[0]?.memory_bytes ?? 0,
    close: () => models.close(),
  };
}

interface Chunk {
  readonly choices: readonly { readonly text: string }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

async function throughSocket(): Promise<Way> {
  const world = new World();
  mkdirSync(world.state_dir, { recursive: true, mode: 0o700 });
  const { context_tokens, ...inference } = LIMITS;
  const config = { version: 1, trust_domain: "bench.example", modes: ["local"], models: { text: [{ name: TEXT_MODEL, context_tokens }], engine_folder: (await engineFolder()).path() }, limits: { inference } };
  writeFileSync(world.path("host.yaml"), JSON.stringify(config), { mode: 0o600 });
  try {
    await world.daemon([], { MAESTRO_CONFIG: world.path("host.yaml") });
    await storeModel(world.client, TEXT_MODEL);
  } catch (cause) {
    await world.dispose();
    throw cause;
  }
  return {
    async ask(prompt) {
      const body = JSON.stringify({ model: TEXT_MODEL, prompt, max_tokens: TOKENS, temperature: 0, stream: true, stream_options: { include_usage: true }, cache: "off" });
      const began = performance.now();
      const response = await fetch("http://maestro/openai/v1/completions", { method: "POST", headers: { "content-type": "application/json" }, body, unix: world.socket_path });
      if (!response.ok || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
      let [first, made, text] = [0, 0, ""];
      for await (const line of linesOf(response.body)) {
        if (!line.startsWith("data: {")) continue;
        const { choices, usage } = JSON.parse(line.slice("data: ".length)) as Chunk;
        const piece = choices[0]?.text ?? "";
        if (piece !== "") first ||= performance.now();
        text += piece;
        made = usage?.completion_tokens ?? made;
      }
      return { first_ms: first - began, rest_ms: performance.now() - first, made, text };
    },
    close: () => world.dispose(),
  };
}

/** So much longer than the direct run of the same prompt, in percent. */
const longer = (ours: readonly number[], direct: readonly number[]): number[] => ours.map((taken, i) => (taken / (direct[i] ?? Number.NaN) - 1) * 100);
const tokens_per_s = (runs: readonly DirectRun[]): number => median(runs.map(({ made, rest_ms }) => ((made - 1) * 1_000) / rest_ms));
const ratesOf = (runs: readonly DirectRun[]): number[] => runs.map(({ made, rest_ms }) => rest_ms / (made - 1));
const firstsOf = (runs: readonly DirectRun[]): number[] => runs.map(({ first_ms }) => first_ms);

function compared(figure: PrintFigure, name: string, ours: readonly DirectRun[], direct: readonly DirectRun[]): void {
  const overhead = (what: string, percents: readonly number[]): void =>
    figure({ figure: `${what} through ${name}: longer than directly, prompt by prompt`, value: median(percents), unit: "%", better: "less", goal: { value: 5 }, note: `middle half of ${percents.length} prompts: ${percentile(percents, 0.25).toFixed(1)} to ${percentile(percents, 0.75).toFixed(1)}` });
  figure({ figure: `text through ${name}, one thread, ${TOKENS} tokens after ${WORDS} words`, value: tokens_per_s(ours), unit: "tokens per s", better: "more", peer: { name: DIRECT, value: tokens_per_s(direct) } });
  overhead("a token", longer(ratesOf(ours), ratesOf(direct)));
  figure({ figure: `first piece of text through ${name}, prompt of ${WORDS} words`, value: median(firstsOf(ours)), unit: "ms", better: "less", peer: { name: `${DIRECT}, in the same blocks`, value: median(firstsOf(direct)) } });
  overhead("the first piece", longer(firstsOf(ours), firstsOf(direct)));
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-text-bench-"));
  const opened: Way[] = [];
  const keep = <W extends Way>(way: W): W => (opened.push(way), way);
  try {
    const direct = keep(await directly(folder));
    const worker = keep(await throughWorker(folder));
    const socket = keep(await throughSocket());
    const random = new SeededRandom("text bench");
    const ways = [{ way: direct, runs: [] as DirectRun[] }, { way: worker, runs: [] as DirectRun[] }, { way: socket, runs: [] as DirectRun[] }] as const;
    const whole: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const prompt = wordsFrom(random, WORDS);
      const texts = new Set<string>();
      for (let turn = 0; turn < ways.length; turn++) {
        const entry = ways[(round + turn) % ways.length];
        if (entry === undefined) continue;
        const run = await entry.way.ask(prompt);
        texts.add(run.text);
        if (run.made !== TOKENS || !(run.first_ms > 0)) throw new Error(`${run.made} tokens were made of ${TOKENS}: ${run.text}`);
        if (round >= WARM_UP) entry.runs.push(run);
      }
      if (texts.size !== 1) throw new Error(`other texts by other ways: ${JSON.stringify([...texts])}`);
      const { first_ms } = await direct.whole(prompt);
      if (round >= WARM_UP) whole.push(first_ms);
    }
    const [{ runs: peer }, { runs: by_worker }, { runs: by_socket }] = ways;
    compared(figure, "the worker", by_worker, peer);
    compared(figure, "worker, daemon and socket", by_socket, peer);
    figure({ figure: "first piece directly, in blocks of 64", value: median(firstsOf(peer)), unit: "ms", better: "less", peer: { name: "directly, the prompt in one piece", value: median(whole) }, note: "what it costs that a prompt used again is answered as one evaluated anew" });
    figure({ figure: `memory of a text worker, one sequence of ${LIMITS.context_tokens} tokens, at most`, value: worker.memory() / MB, unit: "MB", better: "less" });
  } finally {
    await Promise.all(opened.map((way) => way.close()));
    rmSync(folder, { recursive: true, force: true });
  }
};
