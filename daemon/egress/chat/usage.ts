/** Tokens that an answer is paid by. The server that is paid counts them; what cannot be true is not believed. */
import type { ChatJob, ChatReply } from "../../../proto/chat.ts";

/** Roles, separators and a template's own words around one message, and around all of them. */
const TOKENS_PER_MESSAGE = 64;
const TOKENS_AROUND = 1_024;
/** Our own count, where there is no other: English text has about four bytes to a token, code three. */
const BYTES_PER_TOKEN = 2;
/** No vocabulary in use has a longer token. */
const TOKEN_BYTES_MAX = 256;

export interface Claimed {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

export type Counted = Pick<ChatReply, "prompt_tokens" | "completion_tokens" | "tokens_by">;

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** A token is at least one byte of the prompt. */
function promptRange({ messages, json_schema }: Pick<ChatJob, "messages" | "json_schema">): { readonly bytes: number; readonly most: number } {
  const schema = json_schema === undefined ? 0 : bytesOf(JSON.stringify(json_schema));
  const bytes = messages.reduce((sum, { content }) => sum + bytesOf(content), schema);
  return { bytes, most: bytes + TOKENS_AROUND + TOKENS_PER_MESSAGE * messages.length };
}

/** More than these are never counted, whatever the server says: what is promised before the question is enough for the answer. */
export function tokensAtMost(job: Pick<ChatJob, "messages" | "json_schema" | "max_tokens">): Claimed {
  return { prompt_tokens: promptRange(job).most, completion_tokens: job.max_tokens };
}

/** The server's count where it can be true; else ours, on the high side. */
export function counted(claimed: Claimed | null, job: Pick<ChatJob, "messages" | "json_schema" | "max_tokens">, text: string): Counted {
  const { bytes, most } = promptRange(job);
  const said = bytesOf(text);
  const plausible = (tokens: number, least: number, top: number): boolean => Number.isSafeInteger(tokens) && tokens >= least && tokens <= top;
  // A model that thinks before it speaks has more tokens than its text; none has fewer than its longest tokens allow.
  if (claimed !== null && plausible(claimed.prompt_tokens, Math.ceil(bytes / TOKEN_BYTES_MAX), most) && plausible(claimed.completion_tokens, Math.ceil(said / TOKEN_BYTES_MAX), job.max_tokens)) return { ...claimed, tokens_by: "reported" };
  return { prompt_tokens: Math.min(most, Math.ceil(bytes / BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE * job.messages.length), completion_tokens: Math.min(job.max_tokens, Math.ceil(said / BYTES_PER_TOKEN)), tokens_by: "counted" };
}
