/** What the embedding process and the core say to each other. */
import { Type, type Static } from "@sinclair/typebox";
import { Base64, Closed, Count } from "../../../proto/scalar.ts";

/** Characters of one text that are read at all: 256 word pieces are some thousand, and a tokenizer over a megabyte takes seconds. */
export const TEXT_CHARACTERS_MAX = 32_768;
const TEXTS_MAX = 64;

/** Everything a process is told once. */
export const EmbeddingSetup = Closed({
  engine_folder: Type.String({ maxLength: 4_096 }),
  /** Holds the model's files under the names that transformers.js looks for; their digests were checked by whoever hands it in. */
  model_folder: Type.String({ maxLength: 4_096 }),
  weights: Type.String({ maxLength: 128 }),
  dimensions: Type.Integer({ minimum: 1, maximum: 65_536 }),
  tokens_max: Type.Integer({ minimum: 3, maximum: 1_048_576, description: "word pieces of one text, the two that stand around it included" }),
  threads: Type.Integer({ minimum: 1, maximum: 1_024 }),
});
export type EmbeddingSetup = Static<typeof EmbeddingSetup>;

export const EmbeddingOpened = Closed({ engine: Type.String({ maxLength: 128 }) });
export type EmbeddingOpened = Static<typeof EmbeddingOpened>;

export const EmbeddingJob = Closed({ texts: Type.Array(Type.String({ maxLength: TEXT_CHARACTERS_MAX }), { minItems: 1, maxItems: TEXTS_MAX }) });
export type EmbeddingJob = Static<typeof EmbeddingJob>;

/** Vectors one after the other, little-endian float32. */
export const EmbeddingReply = Closed({ vectors: Base64, tokens: Count, truncated: Type.Array(Count, { maxItems: TEXTS_MAX }), cpu_us: Count });
export type EmbeddingReply = Static<typeof EmbeddingReply>;
