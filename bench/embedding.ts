/** Texts per second through the embedding process, beside transformers.js called directly and Python's onnxruntime; neighbours of 50,000 vectors, beside looking at each row. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "./rig/accepts.ts";
import { codeLines, embedderOf, pythonVectors } from "./rig/embedded.ts";
import { EMBEDDING_MODEL, engineFolder, openModel } from "./rig/models.ts";
import { recallOf } from "./rig/recall.ts";
import { type Bench, median, type PrintFigure } from "./figure.ts";

const LINES = 300;
const ROUNDS = 3;
const ROWS = 50_000;
const MB = 1e6;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
};

/** What one process of the peers says: seconds of each round. */
interface Direct {
  readonly one: readonly number[];
  readonly batch: readonly number[];
  readonly batch_off: number;
}

async function embedding(figure: PrintFigure, folder: string): Promise<readonly Float32Array[]> {
  const [engines, model] = [(await engineFolder()).path(), await openModel(EMBEDDING_MODEL)];
  const texts = codeLines(LINES);
  const embedder = embedderOf(model, engines);
  const asked = join(folder, "asked.json");
  await Bun.write(asked, JSON.stringify({ engines, folder: model.folder, texts, rounds: 1 }));
  const peer = async (): Promise<Direct> => JSON.parse(await output([process.execPath, join(import.meta.dir, "peers/embed-direct.ts"), asked], { timeout_ms: 600_000 })) as Direct;
  try {
    const { vectors } = await embedder.embed(texts.slice(0, 200));
    const [ours, direct, batch, python, cpu] = [[], [], [], [], []] as number[][];
    let off = 0;
    // In turns, so that what else the machine does meets all of them.
    for (let round = 0; round < ROUNDS; round++) {
      ours?.push(await seconds(async () => {
        for (let at = 0; at < LINES; at += 150) cpu?.push((await embedder.embed(texts.slice(at, at + 150))).cpu_us / 150);
      }));
      const said = await peer();
      direct?.push(...said.one);
      batch?.push(...said.batch);
      off = Math.max(off, said.batch_off);
      python?.push(...(await pythonVectors(model, texts, 1)).seconds);
    }
    const rate = (taken: readonly number[] = []): number => LINES / median(taken);
    const { memory_bytes } = embedder.status();
    figure({ figure: `lines of code embedded through the process, one thread, ${LINES} lines`, value: rate(ours), unit: "texts per s", better: "more", peer: { name: "transformers.js called directly, one text for each run", value: rate(direct) }, goal: { ratio: 0.95 } });
    figure({ figure: "the same against Python", value: rate(ours), unit: "texts per s", better: "more", peer: { name: "Python onnxruntime 1.32 and tokenizers", value: rate(python) }, note: "the tokenizer here is JavaScript, there Rust" });
    figure({ figure: "what 32 texts in one run would gain", value: rate(batch), unit: "texts per s", better: "more", peer: { name: "one text for each run", value: rate(direct) }, note: `not done: vectors then depend on what is embedded beside them, here by up to ${off.toExponential(1)} in one number` });
    figure({ figure: "processor time of one line", value: median(cpu ?? []) / 1_000, unit: "ms", better: "less" });
    figure({ figure: "memory of the embedding process, at most", value: memory_bytes / MB, unit: "MB", better: "less", goal: { value: 400 } });
    return vectors;
  } finally {
    await embedder.close();
  }
}

export const bench: Bench = async (figure) => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-embedding-"));
  try {
    const around = await embedding(figure, folder);
    const engine_folder = (await engineFolder()).path();
    const { recall, restarted, search_ms, exact_ms, build_s, reopen_ms, memory_bytes } = await recallOf({ folder: join(folder, "recall"), engine_folder, rows: ROWS, queries: 200, around });
    const what = `${ROWS} vectors of 384 dimensions around lines of code`;
    figure({ figure: `the ten nearest of ${what}: found of the true ones`, value: Math.min(recall, restarted), unit: "share", better: "more", goal: { value: 0.95 }, hard: true });
    figure({ figure: "one search, through the process and LMDB", value: median(search_ms) * 1_000, unit: "us", better: "less", peer: { name: "each row looked at, in JavaScript", value: median(exact_ms) * 1_000 }, goal: { ratio: 5 } });
    figure({ figure: "index made of rows in LMDB", value: ROWS / build_s, unit: "rows per s", better: "more" });
    figure({ figure: "first search of a daemon started anew: file checked and read", value: reopen_ms, unit: "ms", better: "less", peer: { name: "made anew from LMDB", value: build_s * 1_000 } });
    figure({ figure: "memory of the index process, at most", value: memory_bytes / MB, unit: "MB", better: "less" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
