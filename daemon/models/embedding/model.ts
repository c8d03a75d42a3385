/** One embedding model in its own process: loaded, tried, and asked one text at a time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../proto/errors.ts";
import { toBase64 } from "../../../proto/encoding.ts";
import { pooled } from "./pooling.ts";
import { type Loaded, loadModel } from "./transformers.ts";
import type { EmbeddingJob, EmbeddingOpened, EmbeddingReply, EmbeddingSetup } from "./wire.ts";

/** Of the many fields of these files; the model file itself may know none of it. */
const ModelConfig = Type.Object({ hidden_size: Type.Integer(), vocab_size: Type.Integer() });
const TokenizerFile = Type.Object({ model: Type.Object({ vocab: Type.Record(Type.String(), Type.Integer()) }) });
const PROBE = "the same words, twice";

export interface EmbeddingModel {
  readonly opened: EmbeddingOpened;
  embed(job: EmbeddingJob): Promise<EmbeddingReply>;
  /** Before the process ends: ONNX sessions that lived on crashed Bun up to 1.3.14. */
  release(): Promise<void>;
}

const refused = (detail: string, cause?: unknown): MaestroError => new MaestroError("models.load", detail, cause === undefined ? {} : { cause });

function read<T extends typeof ModelConfig | typeof TokenizerFile>(folder: string, name: string, schema: T) {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, name), "utf8"));
  } catch (cause) {
    throw refused(`${name} of the embedding model cannot be read`, cause);
  }
  if (!Value.Check(schema, value)) throw refused(`${name} of the embedding model lacks ${Value.Errors(schema, value).First()?.path ?? "what it needs"}`);
  return value;
}

/** A tokenizer of another model gives numbers that this one takes for other words: vectors come out, and none means anything. */
function checkFiles({ model_folder, dimensions }: EmbeddingSetup): void {
  const { hidden_size, vocab_size } = read(model_folder, "config.json", ModelConfig);
  if (hidden_size !== dimensions) throw refused(`config.json says ${hidden_size} dimensions, the lock says ${dimensions}`);
  const { model } = read(model_folder, "tokenizer.json", TokenizerFile);
  const words = Object.keys(model.vocab).length;
  const last = Object.values(model.vocab).reduce((most, id) => Math.max(most, id), -1);
  if (words !== vocab_size || last !== vocab_size - 1) throw refused(`the tokenizer has ${words} word pieces up to number ${last}, the model has ${vocab_size}: it is another model's`);
}

async function load(setup: EmbeddingSetup): Promise<Loaded> {
  checkFiles(setup);
  try {
    return await loadModel(setup.engine_folder, setup.model_folder, setup.weights, setup.threads);
  } catch (error) {
    if (error instanceof MaestroError) throw error;
    throw refused(`the embedding model cannot be loaded: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1_000), error);
  }
}

interface Embedding {
  readonly vector: Float32Array;
  readonly tokens: number;
  readonly truncated: boolean;
}

async function embedOne({ tokens: cut, model }: Loaded, text: string, { tokens_max, dimensions }: EmbeddingSetup): Promise<Embedding> {
  const { tokens, count, truncated } = cut(text, tokens_max);
  const states = (await model(tokens))["last_hidden_state"];
  if (states === undefined || states.dims.length !== 3 || states.dims[1] !== count || states.dims[2] !== dimensions) {
    throw refused(`the model gave ${states === undefined ? "no last_hidden_state" : `states of ${states.dims.join(" x ")}`} for ${count} word pieces of ${dimensions} dimensions`);
  }
  return { vector: pooled(states.data, count, dimensions), tokens: count, truncated };
}

/** Throws `models.missing` and `models.load`. */
export async function openModel(setup: EmbeddingSetup): Promise<EmbeddingModel> {
  const loaded = await load(setup);
  const trying = async (): Promise<Embedding> => {
    try {
      return await embedOne(loaded, PROBE, setup);
    } catch (error) {
      throw error instanceof MaestroError ? error : refused(`the embedding model cannot be run: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1_000), error);
    }
  };
  const [first, again] = [await trying(), await trying()];
  if (Buffer.compare(Buffer.from(first.vector.buffer), Buffer.from(again.vector.buffer)) !== 0) throw refused("the embedding model gives the same text two vectors");
  return {
    opened: { engine: loaded.engine },
    async embed({ texts }) {
      const began = process.cpuUsage();
      const vectors = new Float32Array(texts.length * setup.dimensions);
      const truncated: number[] = [];
      let tokens = 0;
      // One text for each run: beside longer ones a text is padded, and its vector comes out in other bits.
      for (const [place, text] of texts.entries()) {
        const one = await embedOne(loaded, text, setup);
        vectors.set(one.vector, place * setup.dimensions);
        tokens += one.tokens;
        if (one.truncated) truncated.push(place);
      }
      const { user, system } = process.cpuUsage(began);
      return { vectors: toBase64(new Uint8Array(vectors.buffer)), tokens, truncated, cpu_us: user + system };
    },
    async release() {
      await loaded.model.dispose();
    },
  };
}
