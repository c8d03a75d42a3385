/**
 * The OpenAI-compatible interface under `/openai/v1`: what of its requests is taken, and what is answered. A field that would change the
 * answer and that nothing here does is refused by its name; one that changes nothing is taken and left alone.
 */
import { Type, type Static, type TSchema } from "@sinclair/typebox";
import { ModelName } from "./model-store.ts";
import { Placed, PROMPT_CHARACTERS_MAX, STOPS_MAX } from "./model-work.ts";
import { Choice, Closed, Count, Sha256Hex } from "./scalar.ts";

/** Cache task and run of a request, where its `metadata` names none; both follow the rules of `TaskName` and `RunId`. */
export const TASK_HEADER = "maestro-task";
export const RUN_HEADER = "maestro-run";
/** Said where no token is meant: clients of this interface insist on a key. */
export const NO_KEY = "unused";

/** Messages of one request. */
export const MESSAGES_MAX = 512;
/** Texts of one embedding request that are looked at at all; `limits.inference.batch_max` is the bound in force. */
const INPUTS_MAX = 4_096;

/** Absent and null are the same in this interface. */
const opt = <T extends TSchema>(schema: T, description?: string) => Type.Optional(Type.Union([schema, Type.Null()], description === undefined ? {} : { description }));
/** Taken, and without effect here. */
const Ignored = Type.Optional(Type.Unknown({ description: "taken, without effect" }));
/** Taken where it says what happens anyway. */
const only = (value: string | number | boolean) => opt(Type.Literal(value));

const Text = Type.String({ maxLength: PROMPT_CHARACTERS_MAX });
const TextPart = Closed({ type: Type.Literal("text"), text: Text });
export const ChatCompletionMessage = Closed({
  role: Choice(["system", "developer", "user", "assistant"]),
  content: Type.Union([Text, Type.Array(TextPart, { minItems: 1, maxItems: MESSAGES_MAX })]),
  name: Ignored,
  refusal: Type.Optional(Type.Null()),
});
export type ChatCompletionMessage = Static<typeof ChatCompletionMessage>;

const JsonSchemaFormat = Closed({
  type: Type.Literal("json_schema"),
  json_schema: Closed({ name: Type.String({ maxLength: 64 }), description: Ignored, strict: Ignored, schema: Type.Object({}, { additionalProperties: true }) }),
});
export const ResponseFormat = Type.Union([Closed({ type: Type.Literal("text") }), Closed({ type: Type.Literal("json_object") }), JsonSchemaFormat]);
export type ResponseFormat = Static<typeof ResponseFormat>;

const OUTPUT_TOKENS_MAX = 1_048_576;
const MaxTokens = opt(Type.Integer({ minimum: 1, maximum: OUTPUT_TOKENS_MAX }));
const Stops = Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: STOPS_MAX })]);

/** What both kinds of completion take. */
const sampling = {
  model: Type.String({ minLength: 1, maxLength: 256 }),
  max_tokens: MaxTokens,
  temperature: opt(Type.Number({ minimum: 0, maximum: 2 }), "default 1, as in OpenAI's interface; 0 is deterministic"),
  top_p: opt(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  top_k: opt(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  min_p: opt(Type.Number({ minimum: 0, maximum: 1 })),
  seed: opt(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
  stop: opt(Stops),
  stream: opt(Type.Boolean()),
  stream_options: opt(Closed({ include_usage: opt(Type.Boolean()), include_obfuscation: Ignored })),
  cache_salt: opt(Type.String({ minLength: 1, maxLength: 256 }), "as vLLM's: prefixes are used again only under the same salt"),
  cache: opt(Type.Union([Type.Literal("on"), Type.Literal("off")]), "off: this request is answered by the model, whatever answers are kept, and its own answer is not kept"),
  metadata: opt(Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 512 }), { maxProperties: 16 }), "task: the cache task; run_id: the run its cost is counted to; what else stands there is without effect"),
  // What is refused unless it says what happens anyway.
  n: only(1),
  frequency_penalty: only(0),
  presence_penalty: only(0),
  logit_bias: opt(Type.Object({}, { additionalProperties: false })),
  // Without effect.
  user: Ignored,
  store: Ignored,
  safety_identifier: Ignored,
  service_tier: Ignored,
  prompt_cache_key: Ignored,
  prompt_cache_retention: Ignored,
};

export const ChatCompletionRequest = Closed({
  ...sampling,
  messages: Type.Array(ChatCompletionMessage, { minItems: 1, maxItems: MESSAGES_MAX }),
  max_completion_tokens: MaxTokens,
  response_format: opt(ResponseFormat),
  logprobs: only(false),
  top_logprobs: only(0),
  tools: opt(Type.Array(Type.Unknown(), { maxItems: 0 })),
  tool_choice: only("none"),
  parallel_tool_calls: Ignored,
  modalities: opt(Type.Array(Type.Literal("text"), { maxItems: 1 })),
  prediction: Ignored,
});
export type ChatCompletionRequest = Static<typeof ChatCompletionRequest>;

export const CompletionRequest = Closed({
  ...sampling,
  prompt: Type.Union([Text, Type.Array(Text, { minItems: 1, maxItems: 1 })]),
  logprobs: Type.Optional(Type.Null()),
  echo: only(false),
  best_of: only(1),
  suffix: Type.Optional(Type.Union([Type.Null(), Type.Literal("")])),
});
export type CompletionRequest = Static<typeof CompletionRequest>;

export const EmbeddingRequest = Closed({
  model: Type.String({ minLength: 1, maxLength: 256 }),
  input: Type.Union([Type.String({ minLength: 1, maxLength: PROMPT_CHARACTERS_MAX }), Type.Array(Type.String({ minLength: 1, maxLength: PROMPT_CHARACTERS_MAX }), { minItems: 1, maxItems: INPUTS_MAX })]),
  encoding_format: opt(Choice(["float", "base64"])),
  dimensions: opt(Type.Integer({ minimum: 1, maximum: 65_536 }), "taken where the model has as many"),
  user: Ignored,
});
export type EmbeddingRequest = Static<typeof EmbeddingRequest>;

export const OpenAiModel = Closed({
  id: ModelName,
  object: Type.Literal("model"),
  created: { ...Count, description: "Unix seconds of its import; 0 where the model is not stored here" },
  owned_by: Choice(["local", "remote"]),
});
export type OpenAiModel = Static<typeof OpenAiModel>;
export const OpenAiModels = Closed({ object: Type.Literal("list"), data: Type.Array(OpenAiModel) });
export type OpenAiModels = Static<typeof OpenAiModels>;

export const CompletionUsage = Closed({
  prompt_tokens: Count,
  completion_tokens: Count,
  total_tokens: Count,
  prompt_tokens_details: Closed({ cached_tokens: { ...Count, description: "of the prompt, not evaluated again" } }),
});
export type CompletionUsage = Static<typeof CompletionUsage>;

/** As llama.cpp's server says it. */
export const EngineTimings = Closed({ cache_n: Count, prompt_n: { ...Count, description: "evaluated" }, prompt_ms: Type.Number(), predicted_n: Count, predicted_ms: Type.Number() });
export type EngineTimings = Static<typeof EngineTimings>;

/** Ours, beside what that interface has: what answered, and what it took. */
export const ServedNote = Closed({
  path: Choice(["local", "remote"]),
  model_digest: Sha256Hex,
  engine: Type.String({ maxLength: 128 }),
  templated: Choice(["text", "template", "transcript"]),
  bounded: Type.Boolean({ description: "bounds were added to the JSON schema" }),
  repeated: Type.Boolean({ description: "a whole answer that was kept; nothing was generated" }),
  queued_us: Count,
  cpu_us: Count,
  gpu_us: Count,
  placed: Type.Optional(Placed),
  usd_micro: { ...Count, description: "0 of a local model" },
});
export type ServedNote = Static<typeof ServedNote>;

const Finish = Choice(["stop", "length", "content_filter"]);
export type Finish = Static<typeof Finish>;
const shared = { id: Type.String(), created: Count, model: ModelName, system_fingerprint: Type.String({ description: "model and engine that answered" }) };
const settled = { usage: CompletionUsage, timings: EngineTimings, maestro: ServedNote };
const at_end = { usage: Type.Optional(Type.Union([CompletionUsage, Type.Null()])), timings: Type.Optional(EngineTimings), maestro: Type.Optional(ServedNote) };

export const ChatCompletion = Closed({
  ...shared,
  object: Type.Literal("chat.completion"),
  choices: Type.Array(Closed({ index: Type.Literal(0), message: Closed({ role: Type.Literal("assistant"), content: Type.String(), refusal: Type.Null() }), logprobs: Type.Null(), finish_reason: Finish })),
  ...settled,
});
export type ChatCompletion = Static<typeof ChatCompletion>;

/** One event of a streamed chat. */
export const ChatCompletionChunk = Closed({
  ...shared,
  object: Type.Literal("chat.completion.chunk"),
  choices: Type.Array(Closed({ index: Type.Literal(0), delta: Closed({ role: Type.Optional(Type.Literal("assistant")), content: Type.Optional(Type.String()) }), logprobs: Type.Null(), finish_reason: Type.Union([Finish, Type.Null()]) }), { maxItems: 1 }),
  ...at_end,
});
export type ChatCompletionChunk = Static<typeof ChatCompletionChunk>;

/** Whole, or one event of a streamed one. */
export const Completion = Closed({
  ...shared,
  object: Type.Literal("text_completion"),
  choices: Type.Array(Closed({ index: Type.Literal(0), text: Type.String(), logprobs: Type.Null(), finish_reason: Type.Union([Finish, Type.Null()]) }), { maxItems: 1 }),
  ...at_end,
});
export type Completion = Static<typeof Completion>;

export const EmbeddingList = Closed({
  object: Type.Literal("list"),
  data: Type.Array(Closed({ object: Type.Literal("embedding"), index: Count, embedding: Type.Union([Type.Array(Type.Number()), Type.String({ description: "little-endian float32 in Base64" })]) })),
  model: ModelName,
  usage: Closed({ prompt_tokens: Count, total_tokens: Count }),
  maestro: Closed({ model_digest: Sha256Hex, cpu_us: Count }),
});
export type EmbeddingList = Static<typeof EmbeddingList>;

/** Every failure under `/openai/`, and the last event of a stream that fails. */
export const OpenAiError = Closed({
  error: Closed({
    message: Type.String(),
    type: Choice(["invalid_request_error", "authentication_error", "permission_error", "rate_limit_error", "insufficient_quota", "server_error"]),
    param: Type.Union([Type.String(), Type.Null()]),
    code: Type.String({ description: "a code of proto/errors.ts" }),
  }),
});
export type OpenAiError = Static<typeof OpenAiError>;
