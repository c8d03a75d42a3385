/**
 * Text by three ways, which take turns prompt by prompt: node-llama-cpp called directly, through the worker, and through worker, daemon and Unix socket
 * as server-sent events. One thread, the same blocks, sampler and context, and the same text or the bench fails. One process with the engine may be
 * faster than the next by some percent, whoever started it, so all are replaced some times.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alive, until, World } from "../daemon/e2e/testing/world.ts";
import { usageOf } from "../daemon/platform/process/usage.ts";
import { SeededRandom } from "../daemon/testing/random.ts";
import { type Bench, median, percentile, type PrintFigure } from "./figure.ts";
import type { DirectAsked, DirectRun } from "./peers/text-direct.ts";
import { type Asked, askedInLines, linesOf } from "./rig/lines.ts";
import { engineFolder, openModel, storeModel } from "./rig/models.ts";
import { TEXT_MODEL, textModels, wordsFrom } from "./rig/texts.ts";

const SETS = 4;
const ROUNDS = 4;
const WARM_UP = 1;
const WORDS = 100;
const TOKENS = 48;
const LIMITS = { sequences: 1, context_tokens: 512, threads_max: 1 } as const;
const OVERHEAD_PERCENT_MAX = 5;
const MB = 1e6;
const TEXT_PROGRAM = "text/worker.";
const DIRECT = "node-llama-cpp called directly";

interface Way {
  /** Of all processes that work for it. */
  pids(): readonly number[];
  ask(prompt: string): Promise<DirectRun>;
  /** The next question goes to another process with the engine. */
  renew(): Promise<void>;
  close(): Promise<unknown>;
}

async function directly(folder: string): Promise<Way & { whole(prompt: string): Promise<DirectRun> }> {
  const settings = join(folder, "direct.json");
  const [engines, model] = [(await engineFolder()).path(), await openModel(TEXT_MODEL)];
  writeFileSync(settings, JSON.stringify({ package_folder: join(engines, "node_modules/node-llama-cpp"), weights: model.files.weights, context_tokens: LIMITS.context_tokens }));
  const start = (): Asked => askedInLines([process.execPath, join(import.meta.dir, "peers/text-direct.ts"), settings]);
  let peer = start();
  const said = (prompt: string, tokens: number, whole: boolean): Promise<DirectRun> => peer.ask({ prompt, tokens, whole } satisfies DirectAsked);
  return {
    pids: () => [peer.pid],
    ask: (prompt) => said(prompt, TOKENS, false),
    whole: (prompt) => said(prompt, 1, true),
    async renew() {
      await peer.close();
      peer = start();
    },
    close: () => peer.close(),
  };
}

async function killed(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await until(() => !alive(pid));
}

async function throughWorker(folder: string): Promise<Way & { memory(): number }> {
  const models = await textModels(folder, LIMITS);
  return {
    pids: () => [process.pid, models.status()[0]?.pid ?? 0],
    async ask(prompt) {
      const began = performance.now();
      let first = 0;
      const { completion_tokens: made, text } = await models.generate({ model: TEXT_MODEL, prompt: { text: prompt }, space: { tenant: null, task: "bench" }, max_tokens: TOKENS, temperature: 0 }, { onText: () => (first ||= performance.now()) });
      return { first_ms: first - began, rest_ms: performance.now() - first, made, text };
    },
    async renew() {
      await killed(models.status()[0]?.pid ?? 0);
      await until(() => models.status()[0]?.pid === null);
    },
    memory: () => models.status()[0]?.memory_bytes ?? 0,
    close: () => models.close(),
  };
}

interface Chunk {
  readonly choices: readonly { readonly text: string }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

const childrenOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ")).map(Number).filter((child) => child > 0);
const cpuMs = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + (usageOf(pid)?.cpu_us ?? 0), 0) / 1_000;

async function throughSocket(): Promise<Way> {
  const world = new World();
  mkdirSync(world.state_dir, { recursive: true, mode: 0o700 });
  const { context_tokens, ...inference } = LIMITS;
  const config = { version: 1, trust_domain: "bench.example", modes: ["local"], models: { text: [{ name: TEXT_MODEL, context_tokens }], engine_folder: (await engineFolder()).path() }, limits: { inference } };
  writeFileSync(world.path("host.yaml"), JSON.stringify(config), { mode: 0o600 });
  let daemon: number;
  try {
    await world.daemon([], { MAESTRO_CONFIG: world.path("host.yaml") });
    await storeModel(world.client, TEXT_MODEL);
    daemon = (await world.status()).daemon.pid;
  } catch (cause) {
    await world.dispose();
    throw cause;
  }
  return {
    pids: () => [process.pid, daemon, ...childrenOf(daemon)],
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
    async renew() {
      for (const pid of childrenOf(daemon)) if (readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(TEXT_PROGRAM)) await killed(pid);
      await until(async () => (await world.status()).models?.workers.every(({ state }) => state !== "ready") === true);
    },
    close: () => world.dispose(),
  };
}

/** One run, and milliseconds of processor time that everybody took for it. */
interface Run extends DirectRun {
  readonly cpu_ms: number;
}

async function measured(way: Way, prompt: string): Promise<Run> {
  const before = cpuMs(way.pids());
  const run = await way.ask(prompt);
  if (run.made !== TOKENS || !(run.first_ms > 0)) throw new Error(`${run.made} tokens were made of ${TOKENS}: ${run.text}`);
  return { ...run, cpu_ms: cpuMs(way.pids()) - before };
}

const MEASURES = {
  "a token": ({ made, rest_ms }: Run): number => rest_ms / (made - 1),
  "the first piece": ({ first_ms }: Run): number => first_ms,
  "processor time of an answer": ({ cpu_ms }: Run): number => cpu_ms,
} as const;

function compared(figure: PrintFigure, name: string, ours: readonly Run[], direct: readonly Run[]): void {
  const rate = (runs: readonly Run[]): number => 1_000 / median(runs.map(MEASURES["a token"]));
  const first = (runs: readonly Run[]): number => median(runs.map(MEASURES["the first piece"]));
  figure({ figure: `text through ${name}, one thread, ${TOKENS} tokens after ${WORDS} words`, value: rate(ours), unit: "tokens per s", better: "more", peer: { name: DIRECT, value: rate(direct) } });
  figure({ figure: `first piece of text through ${name}, prompt of ${WORDS} words`, value: first(ours), unit: "ms", better: "less", peer: { name: `${DIRECT}, in the same blocks`, value: first(direct) } });
  for (const [what, of] of Object.entries(MEASURES)) {
    const percents = ours.map((run, i) => (of(run) / of(direct[i] ?? run) - 1) * 100);
    figure({ figure: `${what} through ${name}: more than directly, prompt by prompt`, value: median(percents), unit: "%", better: "less", goal: { value: OVERHEAD_PERCENT_MAX }, note: `middle half of ${percents.length} prompts: ${percentile(percents, 0.25).toFixed(1)} to ${percentile(percents, 0.75).toFixed(1)}; of each process: ${Array.from({ length: SETS }, (_, set) => median(percents.slice(set * ROUNDS, (set + 1) * ROUNDS)).toFixed(1)).join(", ")}` });
  }
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
    const [by_direct, by_worker, by_socket]: [Run[], Run[], Run[]] = [[], [], []];
    const ways = [{ way: direct, runs: by_direct }, { way: worker, runs: by_worker }, { way: socket, runs: by_socket }];
    const whole: number[] = [];
    for (let round = 0; round < SETS * (WARM_UP + ROUNDS); round++) {
      const nth = round % (WARM_UP + ROUNDS);
      if (nth === 0 && round > 0) for (const { way } of ways) await way.renew();
      const prompt = wordsFrom(random, WORDS);
      const texts = new Set<string>();
      // Who is first changes, so that what else the machine does meets all of them.
      for (const { way, runs } of [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)]) {
        const run = await measured(way, prompt);
        texts.add(run.text);
        if (nth >= WARM_UP) runs.push(run);
      }
      if (texts.size !== 1) throw new Error(`other texts by other ways: ${JSON.stringify([...texts])}`);
      const { first_ms } = await direct.whole(prompt);
      if (nth >= WARM_UP) whole.push(first_ms);
    }
    compared(figure, "the worker", by_worker, by_direct);
    compared(figure, "worker, daemon and socket", by_socket, by_direct);
    figure({ figure: "first piece directly, in blocks of 64", value: median(by_direct.map(MEASURES["the first piece"])), unit: "ms", better: "less", peer: { name: "directly, the prompt in one piece", value: median(whole) }, note: "what it costs that a prompt used again is answered as one evaluated anew" });
    figure({ figure: `memory of a text worker, one sequence of ${LIMITS.context_tokens} tokens, at most`, value: worker.memory() / MB, unit: "MB", better: "less" });
  } finally {
    await Promise.all(opened.map((way) => way.close()));
    rmSync(folder, { recursive: true, force: true });
  }
};
