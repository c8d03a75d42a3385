/** One question to another server's model, as the core puts it to the egress helper. It names an entry of the operator's table, never an address. */
import { Type, type Static } from "@sinclair/typebox";
import { utf8 } from "./encoding.ts";
import { ChatMessage, STOPS_MAX } from "./model-work.ts";
import { ModelName } from "./model-store.ts";
import { Choice, Closed, Count, ShortText } from "./scalar.ts";

/** Bytes of the text that comes back; six times as many, escaped, fit a frame of the helper. */
export const CHAT_TEXT_BYTES_MAX = 256 * 1024;
/** Bytes of an answer in one piece: its text, escaped, and some words about it. */
export const CHAT_ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of an answer in pieces: each token comes in an envelope of some hundred bytes. */
export const CHAT_STREAM_BYTES_MAX = 32 * 1024 * 1024;

export const ChatJob = Closed(
  {
    kind: Type.Literal("chat"),
    model: { ...ModelName, description: "id of a remote model of the helper's own configuration" },
    messages: Type.Array(ChatMessage, { minItems: 1, maxItems: 512 }),
    max_tokens: Type.Integer({ minimum: 1, maximum: 1_048_576 }),
    temperature: Type.Number({ minimum: 0, maximum: 2 }),
    top_p: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
    stop: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: STOPS_MAX })),
    json_schema: Type.Optional(Type.Unknown({ description: "JSON Schema that the text is asked to fit; whether it does is the caller's to check" })),
    stream: Type.Boolean({ description: "pieces of the text come before the reply" }),
    deadline_ms: Count,
  },
  { description: "asks a remote model; its messages have been redacted, and the helper sends none that still show a credential" },
);
export type ChatJob = Static<typeof ChatJob>;

/** Before the reply, where the job streams; their texts together are the reply's. */
export const ChatPiece = Closed({ kind: Type.Literal("piece"), text: Type.String({ maxLength: CHAT_TEXT_BYTES_MAX }) });
export type ChatPiece = Static<typeof ChatPiece>;

/** `counted`: the server's own count is missing or cannot be true, and ours, which is on the high side, stands in its place. */
export const TOKENS_BY = ["reported", "counted"] as const;

export const ChatReply = Closed({
  kind: Type.Literal("chat"),
  text: Type.String({ maxLength: CHAT_TEXT_BYTES_MAX }),
  finish: Choice(["stop", "length", "filtered"], { description: "filtered: the server held the rest back" }),
  prompt_tokens: Count,
  completion_tokens: Count,
  tokens_by: Choice(TOKENS_BY),
  answered_by: { ...ShortText, description: "the model's name as the server says it: a claim, shown and never relied on" },
});
export type ChatReply = Static<typeof ChatReply>;

/** Roles, separators and a template's own words around one message, and around all of them. */
export const CHAT_TOKENS_PER_MESSAGE = 64;
const TOKENS_AROUND = 1_024;

/** A token is at least one byte of the prompt: more than these are never paid, whatever a server counts, so what is promised before the question is enough for it. */
export function chatTokensAtMost({ messages, json_schema }: Pick<ChatJob, "messages" | "json_schema">): { readonly bytes: number; readonly tokens: number } {
  const schema = json_schema === undefined ? "" : JSON.stringify(json_schema);
  const bytes = messages.reduce((sum, { content }) => sum + utf8(content).length, utf8(schema).length);
  return { bytes, tokens: bytes + TOKENS_AROUND + CHAT_TOKENS_PER_MESSAGE * messages.length };
}
