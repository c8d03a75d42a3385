/** OpenAI's forms into ours and back. Pure. */
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ChatMessage, Embedded, Prompt } from "../../proto/model-work.ts";
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionMessage, ChatCompletionRequest, Completion, CompletionRequest, CompletionUsage, EmbeddingList, Finish, ResponseFormat, ServedNote, EngineTimings } from "../../proto/openai.ts";
import type { Answered, Ask } from "../models/serving/index.ts";

type Sampling = Pick<ChatCompletionRequest, Extract<keyof ChatCompletionRequest, keyof CompletionRequest>>;

/** As OpenAI's interface has it. */
const TEMPERATURE = 1;
/** As OpenAI's interface has it, of completions alone. */
const COMPLETION_TOKENS = 16;
const ROLES: Readonly<Record<ChatCompletionMessage["role"], ChatMessage["role"]>> = { system: "system", developer: "system", user: "user", assistant: "assistant" };

const TASK = /^[a-z][a-z0-9-]{0,62}$/;
const RUN = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/** What stands beside a request: in its `metadata`, or in a header. */
export interface Beside {
  readonly task: string | null;
  readonly run: string | null;
}

function besideOf({ metadata }: Pick<Sampling, "metadata">, headers: Beside): Beside {
  const task = metadata?.["task"] ?? headers.task;
  const run = metadata?.["run_id"] ?? headers.run;
  if (task !== null && !TASK.test(task)) throw new MaestroError("request.malformed", "body/metadata: task is a lower-case word of letters, digits and dashes");
  if (run !== null && !RUN.test(run)) throw new MaestroError("request.malformed", "body/metadata: run_id has 8 to 64 letters, digits, dots, dashes and underscores");
  return { task, run };
}

/** Null is the same as absent. */
const given = <K extends string, V>(name: K, value: V | null | undefined): { readonly [N in K]?: V } => (value === null || value === undefined ? {} : ({ [name]: value } as { readonly [N in K]?: V }));

function schemaOf(format: ResponseFormat | null | undefined): object | null {
  if (format === null || format === undefined || format.type === "text") return null;
  return format.type === "json_object" ? { type: "object" } : format.json_schema.schema;
}

function requireModelName(name: string): string {
  if (!/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/.test(name)) throw new MaestroError("models.unknown", "body/model: that is no name of a model; see GET /openai/v1/models");
  return name;
}

function jobOf(body: Sampling, prompt: Prompt, max_tokens: number | null | undefined, task: string, tenant: string | null): Ask["job"] {
  const { model, temperature, top_p, top_k, min_p, seed, stop, cache_salt } = body;
  return {
    model: requireModelName(model),
    prompt,
    space: { tenant, task, ...given("salt", cache_salt) },
    temperature: temperature ?? TEMPERATURE,
    ...given("max_tokens", max_tokens),
    ...given("top_p", top_p),
    ...given("top_k", top_k),
    ...given("min_p", min_p),
    ...given("seed", seed),
    ...given("stop", typeof stop === "string" ? [stop] : stop),
  };
}

const textOf = (content: ChatCompletionMessage["content"]): string => (typeof content === "string" ? content : content.map(({ text }) => text).join(""));

export type Asking = Pick<Ask, "job" | "keep" | "run_id">;

export function chatAsk(body: ChatCompletionRequest, headers: Beside, tenant: string | null): Asking {
  const { task, run } = besideOf(body, headers);
  const messages = body.messages.map(({ role, content }) => ({ role: ROLES[role], content: textOf(content) }));
  const schema = schemaOf(body.response_format);
  return { job: { ...jobOf(body, { messages }, body.max_completion_tokens ?? body.max_tokens, task ?? "chat", tenant), ...given("json_schema", schema) }, keep: body.cache !== "off", ...given("run_id", run) };
}

export function completionAsk(body: CompletionRequest, headers: Beside, tenant: string | null): Asking {
  const { task, run } = besideOf(body, headers);
  const [text = ""] = typeof body.prompt === "string" ? [body.prompt] : body.prompt;
  return { job: jobOf(body, { text }, body.max_tokens ?? COMPLETION_TOKENS, task ?? "completion", tenant), keep: body.cache !== "off", ...given("run_id", run) };
}

/** The run that vectors are counted to; a request for them has no metadata. */
export const embeddingRun = (headers: Beside): string | null => besideOf({}, headers).run;

/** What every part of one reply says of itself. */
export interface Heading {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

const DIGEST_CHARACTERS = 16;
export const fingerprint = (model_digest: string, engine: string): string => `${model_digest.slice(0, DIGEST_CHARACTERS)} ${engine}`;

const usageOf = ({ prompt_tokens, completion_tokens, cached_tokens }: Answered): CompletionUsage => ({ prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, prompt_tokens_details: { cached_tokens } });

const US_PER_MS = 1_000;
function timingsOf({ repeated, prompt_tokens, cached_tokens, completion_tokens, prompt_us, predicted_us }: Answered): EngineTimings {
  return { cache_n: cached_tokens, prompt_n: prompt_tokens - cached_tokens, prompt_ms: prompt_us / US_PER_MS, predicted_n: repeated ? 0 : completion_tokens, predicted_ms: predicted_us / US_PER_MS };
}

const noteOf = ({ path, model_digest, engine, templated, bounded, repeated, queued_us, cpu_us, gpu_us, placed, usd_micro }: Answered): ServedNote => ({ path, model_digest, engine, templated, bounded, repeated, queued_us, cpu_us, gpu_us, ...(placed === undefined ? {} : { placed }), usd_micro });
const tail = (answer: Answered) => ({ usage: usageOf(answer), timings: timingsOf(answer), maestro: noteOf(answer) });
const finishOf = ({ finish }: Answered): Finish => (finish === "filtered" ? "content_filter" : finish === "length" ? "length" : "stop");
const headed = (heading: Heading, answer: Answered): Heading => ({ ...heading, system_fingerprint: fingerprint(answer.model_digest, answer.engine) });

export const chatReply = (heading: Heading, answer: Answered): ChatCompletion => ({
  ...headed(heading, answer),
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: answer.text, refusal: null }, logprobs: null, finish_reason: finishOf(answer) }],
  ...tail(answer),
});

export const completionReply = (heading: Heading, answer: Answered): Completion => ({ ...headed(heading, answer), object: "text_completion", choices: [{ index: 0, text: answer.text, logprobs: null, finish_reason: finishOf(answer) }], ...tail(answer) });

/** How the parts of one streamed answer look. `usage`: whether a last one has it, and every other has null in its place. */
export interface Chunks<Chunk> {
  first(heading: Heading): readonly Chunk[];
  piece(heading: Heading, text: string): Chunk;
  last(heading: Heading, answer: Answered): readonly Chunk[];
}

const withNull = (usage: boolean): { readonly usage?: null } => (usage ? { usage: null } : {});

export function chatChunks(usage: boolean): Chunks<ChatCompletionChunk> {
  const chunk = (heading: Heading, delta: ChatCompletionChunk["choices"][number]["delta"], finish_reason: Finish | null = null): ChatCompletionChunk => ({ ...heading, object: "chat.completion.chunk", choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...withNull(usage) });
  return {
    first: (heading) => [chunk(heading, { role: "assistant", content: "" })],
    piece: (heading, content) => chunk(heading, { content }),
    last: (heading, answer) => [
      { ...chunk(headed(heading, answer), {}, finishOf(answer)), ...(usage ? {} : { timings: timingsOf(answer), maestro: noteOf(answer) }) },
      ...(usage ? [{ ...headed(heading, answer), object: "chat.completion.chunk" as const, choices: [], ...tail(answer) }] : []),
    ],
  };
}

export function completionChunks(usage: boolean): Chunks<Completion> {
  const chunk = (heading: Heading, text: string, finish_reason: Finish | null = null): Completion => ({ ...heading, object: "text_completion", choices: [{ index: 0, text, logprobs: null, finish_reason }], ...withNull(usage) });
  return {
    first: () => [],
    piece: (heading, text) => chunk(heading, text),
    last: (heading, answer) => [
      { ...chunk(headed(heading, answer), "", finishOf(answer)), ...(usage ? {} : { timings: timingsOf(answer), maestro: noteOf(answer) }) },
      ...(usage ? [{ ...headed(heading, answer), object: "text_completion" as const, choices: [], ...tail(answer) }] : []),
    ],
  };
}

/** Little-endian, whatever this machine is. */
function base64Of(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * Float32Array.BYTES_PER_ELEMENT));
  vector.forEach((value, place) => view.setFloat32(place * Float32Array.BYTES_PER_ELEMENT, value, true));
  return toBase64(new Uint8Array(view.buffer));
}

export function embeddingReply(model: string, { vectors, tokens, cpu_us, model_digest }: Embedded, format: "float" | "base64"): EmbeddingList {
  const data = vectors.map((vector, index) => ({ object: "embedding" as const, index, embedding: format === "base64" ? base64Of(vector) : [...vector] }));
  return { object: "list", data, model, usage: { prompt_tokens: tokens, total_tokens: tokens }, maestro: { model_digest, cpu_us } };
}
