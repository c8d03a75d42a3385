/** What of a model's file decides how much memory it takes, layer by layer. */
import { type Static, Type } from "@sinclair/typebox";
import { MaestroError } from "../../../proto/errors.ts";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Gguf } from "./gguf.ts";

const LAYERS_MAX = 4_096;
/** Bytes of one number of a key or a value that is kept: 16-bit floats, as the engine keeps them unless it is told otherwise. */
const KEPT_BYTES = 2;

const Layer = Closed({ bytes: { ...Count, description: "of its weights" }, kept: { ...Count, description: "bytes of keys and values for each token of a context" } });

export const ModelShape = Closed({
  architecture: Type.String({ maxLength: 128 }),
  layers: Type.Array(Layer, { minItems: 1, maxItems: LAYERS_MAX }),
  input_bytes: { ...Count, description: "weights that always lie in the machine's own memory" },
  output_bytes: { ...Count, description: "weights that go to a GPU as one more layer" },
  shared_bytes: { ...Count, description: "of the output's, those that are the input's too: copied to a GPU, here there once" },
  context_tokens: { ...Count, description: "most the model was made for" },
  embedding: Count,
  heads: Count,
  vocabulary: Count,
});
export type ModelShape = Static<typeof ModelShape>;

const broken = (what: string): MaestroError => new MaestroError("models.load", `the model's file does not say how large it is: ${what}`);
const isFigure = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= 0x7fffffff;

class Figures {
  readonly architecture: string;

  constructor(private readonly values: Gguf["values"]) {
    const architecture = values.get("general.architecture");
    if (typeof architecture !== "string" || !/^[a-z0-9_.-]{1,128}$/i.test(architecture)) throw broken("general.architecture");
    this.architecture = architecture;
  }

  one(key: string, otherwise?: number): number {
    const value = this.values.get(`${this.architecture}.${key}`) ?? otherwise;
    if (!isFigure(value)) throw broken(`${this.architecture}.${key}`);
    return value;
  }

  /** One for all layers, or one for each. */
  each(key: string, layers: number, otherwise: readonly number[]): readonly number[] {
    const value = this.values.get(`${this.architecture}.${key}`);
    if (value === undefined) return otherwise;
    if (isFigure(value)) return Array.from({ length: layers }, () => value);
    if (Array.isArray(value) && value.length === layers && value.every(isFigure)) return value;
    throw broken(`${this.architecture}.${key}`);
  }
}

/** Throws `models.load`. */
export function shapeOf({ values, tensors }: Gguf): ModelShape {
  if ((values.get("split.count") ?? 1) !== 1) throw broken("it is one part of several");
  const figures = new Figures(values);
  const count = figures.one("block_count");
  if (count < 1 || count > LAYERS_MAX) throw broken(`${count} layers`);
  const bytes = Array.from({ length: count }, () => 0);
  let [input_bytes, output_bytes, tied] = [0, 0, 0];
  for (const [name, size] of tensors) {
    const layer = Number(/^blk\.(\d{1,4})\./.exec(name)?.[1] ?? -1);
    if (layer >= count) throw broken(`${count} layers, and a tensor of layer ${layer}`);
    if (layer >= 0) bytes[layer] = (bytes[layer] ?? 0) + size;
    else if (name.startsWith("output")) output_bytes += size;
    else input_bytes += size;
    if (name === "token_embd.weight") tied = size;
  }
  // Without an output matrix of its own a model uses the one of its input, which is copied where the output is computed.
  const shared_bytes = tensors.has("output.weight") ? 0 : tied;
  const embedding = figures.one("embedding_length");
  const heads = figures.each("attention.head_count", count, Array.from({ length: count }, () => 0));
  const kv_heads = figures.each("attention.head_count_kv", count, heads);
  const most = Math.max(...heads);
  if (most < 1) throw broken("a model without attention keeps a state of another kind");
  const kept = figures.one("attention.key_length", Math.ceil(embedding / most)) + figures.one("attention.value_length", Math.ceil(embedding / most));
  const tokens = values.get("tokenizer.ggml.tokens");
  const listed = typeof tokens === "object" && "items" in tokens ? tokens.items : 0;
  const vocabulary = figures.one("vocab_size", listed);
  const layers = bytes.map((own, nth) => ({ bytes: own, kept: (kv_heads[nth] ?? 0) * kept * KEPT_BYTES }));
  return { architecture: figures.architecture, layers, input_bytes, output_bytes: output_bytes + shared_bytes, shared_bytes, context_tokens: figures.one("context_length"), embedding, heads: most, vocabulary };
}
