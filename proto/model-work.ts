/** Work of local models as the core asks for it: one generation, one count of tokens, one batch of embeddings. */
import { Type, type Static } from "@sinclair/typebox";
import { AdapterName, ModelName } from "./model-store.ts";
import { Choice, Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";
import { TenantId } from "./tenant.ts";

/** Characters of one prompt. The context of the model is the real bound; this one is for the frame. */
export const PROMPT_CHARACTERS_MAX = 4 * 1024 * 1024;
export const STOPS_MAX = 16;
export const ADAPTERS_MAX = 4;

/** Task names a cache space: a prefix of one task never serves another. */
export const TaskName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$" });

/** Whose prefix may be used again: nothing is shared between two spaces. `salt` narrows it further (vLLM's `cache_salt`). */
export const CacheSpace = Closed({
  tenant: Type.Union([TenantId, Type.Null()], { description: "null: the daemon's own user" }),
  task: TaskName,
  salt: Type.Optional(Type.String({ maxLength: 256 })),
});
export type CacheSpace = Static<typeof CacheSpace>;

export const ChatMessage = Closed({ role: Choice(["system", "user", "assistant"]), content: Type.String({ maxLength: PROMPT_CHARACTERS_MAX }) });
export type ChatMessage = Static<typeof ChatMessage>;

/** Text as it stands, or messages that the model's own template turns into text; a model without one gets a plain transcript, and the reply says so. */
export const Prompt = Type.Union([Closed({ text: Type.String({ maxLength: PROMPT_CHARACTERS_MAX }) }), Closed({ messages: Type.Array(ChatMessage, { minItems: 1, maxItems: 512 }) })]);
export type Prompt = Static<typeof Prompt>;

export const Adapter = Closed({ name: AdapterName, scale: Type.Number({ minimum: -16, maximum: 16, default: 1 }) });
export type Adapter = Static<typeof Adapter>;

/** One generation. At temperature 0 the same job gives the same text, whatever ran before it and beside it. */
export const GenerateJob = Closed({
  model: ModelName,
  prompt: Prompt,
  space: CacheSpace,
  max_tokens: Type.Integer({ minimum: 0, maximum: 1_048_576 }),
  temperature: Type.Number({ minimum: 0, maximum: 2, default: 0 }),
  top_p: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  top_k: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  min_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
  stop: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: STOPS_MAX })),
  json_schema: Type.Optional(Type.Unknown({ description: "JSON Schema that the text must fit; integers without bounds are bounded, and the reply says so" })),
  adapters: Type.Optional(Type.Array(Adapter, { maxItems: ADAPTERS_MAX })),
  speculate: Type.Optional(Choice(["lookup"], { description: "guess tokens that repeat the prompt, as a diff does; the text is the same" })),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9, description: "of two that wait the higher goes first; default 5" })),
});
export type GenerateJob = Static<typeof GenerateJob>;

export const FinishReason = Choice(["stop", "length", "cancelled"]);

/** Where the model lay that answered. */
export const Placed = Closed({
  device: Type.Union([Type.String({ maxLength: 96 }), Type.Null()], { description: "name of the GPU; null: all of it was on the processor" }),
  layers: { ...Count, description: "on it; one more than the model has is all of them and its output" },
  because: ShortText,
});
export type Placed = Static<typeof Placed>;

/** Times in whole microseconds. `cached_tokens` of the prompt were not evaluated again. */
export const Generated = Closed({
  text: Type.String(),
  finish: FinishReason,
  prompt_tokens: Count,
  cached_tokens: Count,
  completion_tokens: Count,
  queued_us: Count,
  prompt_us: Count,
  predicted_us: Count,
  cpu_us: Count,
  gpu_us: { ...Count, description: "0 where no layer lies on a GPU" },
  placed: Type.Optional(Placed),
  model_digest: Sha256Hex,
  engine: Type.String({ maxLength: 128, description: "engine and version, as `node-llama-cpp 3.22.1`" }),
  templated: Choice(["text", "template", "transcript"], { description: "how the prompt became text" }),
  bounded: Type.Boolean({ description: "bounds were added to the JSON schema" }),
});
export type Generated = Static<typeof Generated>;

/** Vectors are little-endian float32 in Base64 only where they cross a pipe; in the core they are Float32Array of unit length. */
export interface Embedded {
  readonly vectors: readonly Float32Array[];
  /** Texts of which the end was not read, by place: they have more word pieces than the model takes. */
  readonly truncated: readonly number[];
  readonly tokens: number;
  readonly cpu_us: number;
  readonly model_digest: string;
}
