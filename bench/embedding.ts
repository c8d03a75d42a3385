/** Texts per second through the embedding process, beside transformers.js called directly and Python's onnxruntime; neighbours of 50,000 vectors, beside looking at each row. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbedAsked, EmbedSaid } from "./peers/embed-direct.ts";
import { codeLines, embedderOf, pythonVectors } from "./rig/embedded.ts";
import { askedInLines } from "./rig/lines.ts";
import { EMBEDDING_MODEL, engineFolder, openModel } from "./rig/models.ts";
import { recallOf } from "./rig/recall.ts";
import { type Bench, median, percentile, type PrintFigure } from "./figure.ts";

const LINES = 300;
const PART = 50;
const TOGETHER = 32;
const OVERHEAD_PERCENT_MAX = 5;
const ROUNDS = 3;
const ROWS = 50_000;
const MB = 1e6;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
};

async function embedding(figure: PrintFigure, folder: string): Promise<readonly Float32Array[]> {
  const [engines, model] = [(await engineFolder()).path(), await openModel(EMBEDDING_MODEL)];
  const texts = codeLines(LINES);
  const settings = join(folder, "direct.json");
  await Bun.write(settings, JSON.stringify({ engines, folder: model.folder }));
  const embedder = embedderOf(model, engines);
  const peer = askedInLines([process.execPath, join(import.meta.dir, "peers/embed-direct.ts"), settings]);
  const direct = (some: readonly string[], each: number): Promise<EmbedSaid> => peer.ask({ texts: some, each } satisfies EmbedAsked);
  try {
    const { vectors } = await embedder.embed(texts.slice(0, 200));
    const alone = (await direct(texts.slice(0, TOGETHER), 1)).vectors;
    const among = (await direct(texts.slice(0, TOGETHER), TOGETHER)).vectors;
    const off = Math.max(...alone.flatMap((vector, place) => vector.map((value, at) => Math.abs(value - (among[place]?.[at] ?? Number.NaN)))));
    const [ours, one, together, python, cpu]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      // In turns, a part of the lines each, so that what else the machine does meets all of them; who is first changes.
      for (let at = 0; at < LINES; at += PART) {
        const part = texts.slice(at, at + PART);
        const ways = [
          async () => void ours.push(await seconds(async () => void cpu.push((await embedder.embed(part)).cpu_us / PART))),
          async () => void one.push((await direct(part, 1)).seconds),
          async () => void together.push((await direct(part, TOGETHER)).seconds),
        ];
        for (const way of [...ways.slice(one.length % ways.length), ...ways.slice(0, one.length % ways.length)]) await way();
      }
      python.push(...(await pythonVectors(model, texts, 1)).seconds);
    }
    const rate = (taken: readonly number[], lines = PART): number => lines / median(taken);
    const percents = ours.map((taken, i) => (taken / (one[i] ?? Number.NaN) - 1) * 100);
    const { memory_bytes } = embedder.status();
    figure({ figure: `lines of code embedded through the process, one thread, ${PART} at once of ${LINES}`, value: rate(ours), unit: "texts per s", better: "more", peer: { name: "transformers.js called directly, one text for each run", value: rate(one) } });
    figure({ figure: "more time than called directly, part by part", value: median(percents), unit: "%", better: "less", goal: { value: OVERHEAD_PERCENT_MAX }, note: `middle half of ${percents.length} parts: ${percentile(percents, 0.25).toFixed(1)} to ${percentile(percents, 0.75).toFixed(1)}` });
    figure({ figure: "the same against Python", value: rate(ours), unit: "texts per s", better: "more", peer: { name: "Python onnxruntime 1.32 and tokenizers", value: rate(python, LINES) }, note: "the tokenizer here is JavaScript, there Rust" });
    figure({ figure: `${TOGETHER} texts in one run, called directly`, value: rate(together), unit: "texts per s", better: "more", peer: { name: "one text for each run", value: rate(one) }, note: `not done; numbers of a text among others differ by ${off === 0 ? "nothing, on this machine" : `up to ${off.toExponential(1)}`}` });
    figure({ figure: "processor time of one line", value: median(cpu) / 1_000, unit: "ms", better: "less" });
    figure({ figure: "memory of the embedding process, at most", value: memory_bytes / MB, unit: "MB", better: "less", goal: { value: 400 } });
    return vectors;
  } finally {
    await Promise.all([embedder.close(), peer.close()]);
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
