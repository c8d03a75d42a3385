/**
 * How many layers of a model go to a GPU, and how long its context may be, for neither memory to be passed. Pure. The figures are estimates on
 * the high side; what a driver really takes is compared with them while a model runs.
 */
import type { ModelShape } from "./shape.ts";

const MiB = 1024 * 1024;
/** Tokens that are evaluated at once; the engine's default. */
const BATCH_TOKENS = 512;
const FLOAT_BYTES = 4;
/** Rows as wide as the model that lie in memory while a layer is computed. */
const ROWS = 16;
/** Code, tables and queues of the driver, once for each process on each GPU. */
const DRIVER_BYTES = 384 * MiB;
/** Engine, runtime and tokeniser without a model: measured with a vocabulary of 262,144. */
const PROCESS_BYTES = 280 * MiB;

export interface Wish {
  readonly context_tokens: number;
  /** A shorter context than this is no use. */
  readonly context_min: number;
  readonly sequences: number;
}

export interface Room {
  /** On one GPU; 0 where there is none. */
  readonly vram_bytes: number;
  readonly ram_bytes: number;
}

export interface Fit {
  /** 0: all on the processor. One more than the model has: its output too. */
  readonly layers: number;
  readonly context_tokens: number;
  readonly vram_bytes: number;
  readonly ram_bytes: number;
}

export const layersOf = (shape: Pick<ModelShape, "layers">): number => shape.layers.length + 1;

/**
 * What lies in memory while one batch is computed: rows of the model's width, attention over the whole context, and a row of scores for each
 * word: a GPU sets aside one for each token of the batch, here only those are touched that somebody reads.
 */
function computeBytes({ vocabulary, embedding, heads }: ModelShape, tokens: number, scored: number): number {
  return FLOAT_BYTES * (scored * vocabulary + BATCH_TOKENS * (ROWS * embedding + heads * tokens));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Memory with so many layers on the GPU. Engines differ in whether the output counts as the first or the last layer that goes there: the larger is taken. */
export function needOf(shape: ModelShape, layers: number, context_tokens: number, sequences: number): Pick<Fit, "vram_bytes" | "ram_bytes"> {
  const all = shape.layers.length;
  const tokens = context_tokens * sequences;
  const from = Math.max(0, all - layers);
  const there = shape.layers.slice(from);
  const weights = there.map(({ bytes }) => bytes);
  const outputLast = sum(weights) + (layers > all ? shape.output_bytes : 0);
  const outputFirst = layers === 0 ? 0 : shape.output_bytes + sum(layers > all ? weights : weights.slice(1));
  const kept = sum(there.map((layer) => layer.kept)) * tokens;
  const here = shape.layers.slice(0, from);
  const ram_bytes = PROCESS_BYTES + shape.input_bytes + (layers > all ? 0 : shape.output_bytes - shape.shared_bytes) + sum(here.map(({ bytes }) => bytes)) + sum(here.map((layer) => layer.kept)) * tokens + computeBytes(shape, tokens, sequences);
  return { vram_bytes: layers === 0 ? 0 : Math.max(outputLast, outputFirst) + kept + computeBytes(shape, tokens, BATCH_TOKENS) + DRIVER_BYTES, ram_bytes };
}

/** Longest first: as wished, then half of it, and so on, and at last the shortest that is of use. */
function contextsOf(shape: ModelShape, { context_tokens, context_min }: Wish): number[] {
  const wished = Math.min(context_tokens, shape.context_tokens);
  const least = Math.min(wished, context_min);
  const contexts: number[] = [];
  for (let tokens = wished; tokens > least; tokens = Math.floor(tokens / 2)) contexts.push(tokens);
  return [...contexts, least];
}

/** The longest context that fits, and with it as many layers on the GPU as fit; null where not even the shortest context with any number of layers does. */
export function fit(shape: ModelShape, wish: Wish, room: Room): Fit | null {
  for (const context_tokens of contextsOf(shape, wish)) {
    for (let layers = layersOf(shape); layers >= 0; layers--) {
      const need = needOf(shape, layers, context_tokens, wish.sequences);
      if (need.vram_bytes > room.vram_bytes) continue;
      // Fewer layers on the GPU only take more memory here.
      if (need.ram_bytes > room.ram_bytes) break;
      return { layers, context_tokens, ...need };
    }
  }
  return null;
}
