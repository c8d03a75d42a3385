/** What of a generation can be asked elsewhere, and how it is put: redacted, as messages, in fields that every such server knows. */
import { type ChatJob, type ChatReply, chatTokensAtMost } from "../../../proto/chat.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { GenerateJob, Prompt } from "../../../proto/model-work.ts";
import type { RemoteModel } from "../../../proto/models-config.ts";
import { redact } from "../../checking/redact.ts";

export type RemoteQuestion = Omit<ChatJob, "kind" | "stream">;

interface RemoteAsking {
  readonly signal?: AbortSignal;
  readonly onText?: (piece: string) => void;
  /** Called when the question is handed to a helper, which may have sent it from then on. */
  readonly onAsked?: () => void;
}

/** The egress helper, as it is handed in. */
export type AskHelper = (question: RemoteQuestion, options: RemoteAsking) => Promise<ChatReply>;

export interface RemoteDeps {
  /** Null where this node is sealed. */
  readonly ask: AskHelper | null;
  readonly deadline_ms: number;
}

const messagesOf = (prompt: Prompt): ChatJob["messages"] => ("messages" in prompt ? prompt.messages : [{ role: "user", content: prompt.text }]);

/** What the other server is shown of a prompt. */
const shownOf = (prompt: Prompt): ChatJob["messages"] => messagesOf(prompt).map(({ role, content }) => ({ role, content: redact(content) }));

/** More are never paid for this question, whatever that server counts. */
export const remoteTokensAtMost = ({ prompt, json_schema }: Pick<GenerateJob, "prompt" | "json_schema">): number => chatTokensAtMost({ messages: shownOf(prompt), json_schema }).tokens;

/** Throws `models.request` for what the API has no field for: it would be left out in silence. */
function questionOf(entry: RemoteModel, { prompt, max_tokens, temperature, top_p, top_k, min_p, seed, stop, json_schema, adapters }: GenerateJob, deadline_ms: number): RemoteQuestion {
  for (const [field, value] of Object.entries({ top_k, min_p, adapters: adapters?.[0] })) if (value !== undefined) throw new MaestroError("models.request", `${field}: ${entry.id} is asked over the OpenAI API, which has no such field`);
  if (max_tokens === 0) throw new MaestroError("models.request", `max_tokens: ${entry.id} is asked over the OpenAI API, where a question without an answer is none`);
  return { model: entry.id, messages: shownOf(prompt), max_tokens, temperature, deadline_ms, ...(top_p === undefined ? {} : { top_p }), ...(seed === undefined ? {} : { seed }), ...(stop === undefined ? {} : { stop }), ...(json_schema === undefined ? {} : { json_schema }) };
}

/** Throws `models.denied` where this node is sealed, `models.request`, and what the egress helper throws. */
export function remoteAsker({ ask, deadline_ms }: RemoteDeps): (entry: RemoteModel, job: GenerateJob, options?: RemoteAsking) => Promise<ChatReply> {
  return async (entry, job, options = {}) => {
    if (ask === null) throw new MaestroError("models.denied", `${entry.id}: this node is sealed, and a remote model would be asked over a network`);
    return ask(questionOf(entry, job, deadline_ms), options);
  };
}
