/** Tokens that an answer is paid by. The server that is paid counts them; what cannot be true is not believed. */
import { CHAT_TOKENS_PER_MESSAGE, type ChatJob, type ChatReply, chatTokensAtMost } from "../../../proto/chat.ts";

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

/** The server's count where it can be true; else ours, on the high side. */
export function counted(claimed: Claimed | null, job: Pick<ChatJob, "messages" | "json_schema" | "max_tokens">, text: string): Counted {
  const { bytes, tokens: most } = chatTokensAtMost(job);
  const said = bytesOf(text);
  const plausible = (tokens: number, least: number, top: number): boolean => Number.isSafeInteger(tokens) && tokens >= least && tokens <= top;
  // A model that thinks before it speaks has more tokens than its text; none has fewer than its longest tokens allow.
  if (claimed !== null && plausible(claimed.prompt_tokens, Math.ceil(bytes / TOKEN_BYTES_MAX), most) && plausible(claimed.completion_tokens, Math.ceil(said / TOKEN_BYTES_MAX), job.max_tokens)) return { ...claimed, tokens_by: "reported" };
  return { prompt_tokens: Math.min(most, Math.ceil(bytes / BYTES_PER_TOKEN) + CHAT_TOKENS_PER_MESSAGE * job.messages.length), completion_tokens: Math.min(job.max_tokens, Math.ceil(said / BYTES_PER_TOKEN)), tokens_by: "counted" };
}
