/** Asks one remote model one question: its own address and no other, its own key, bounded in bytes and time. */
import { open } from "node:fs/promises";
import type { ChatJob, ChatReply } from "../../../proto/chat.ts";
import { type ErrorCode, MaestroError } from "../../../proto/errors.ts";
import type { RemoteModel } from "../../../proto/models-config.ts";
import { redact } from "../../checking/redact.ts";
import { withoutToken } from "../keyless/token.ts";
import { retryAfter, tokenOf } from "../publish.ts";
import { type Answer, bounded, streamedAnswer, wholeAnswer } from "./answer.ts";
import { counted } from "./usage.ts";

export type ChatPieces = (text: string) => void;

const CERTIFICATES_BYTES_MAX = 1024 * 1024;
const REFUSAL_BYTES_MAX = 64 * 1024;
const WORDS_MAX = 200;

/** Throws `models.denied`: the core has redacted what it hands over, and is not believed. */
function checkSaid({ messages, stop = [], json_schema = null }: ChatJob, key: string | null): void {
  const secrets = key === null ? [] : [key];
  const shows = (text: string): boolean => redact(text, secrets) !== text;
  // A schema and a stop have no other form that means the same, so nobody has redacted them.
  const parts = [...messages.map(({ content }, nth) => [`message ${nth + 1}`, content] as const), ...stop.map((text) => ["a stop string", text] as const), ["the JSON schema", JSON.stringify(json_schema)] as const];
  const [found] = parts.filter(([, text]) => shows(text));
  if (found !== undefined) throw new MaestroError("models.denied", `${found[0]} shows what looks like a credential; nothing was sent. Redact it, or ask a model of this node`);
}

async function certificates(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, "r");
    const buffer = Buffer.alloc(CERTIFICATES_BYTES_MAX + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > CERTIFICATES_BYTES_MAX) throw new MaestroError("egress.denied", `ca_file ${path} has more than ${CERTIFICATES_BYTES_MAX} bytes`);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    if (cause instanceof MaestroError) throw cause;
    throw new MaestroError("egress.denied", `ca_file ${path} cannot be read`, { cause });
  }
}

function bodyOf(where: RemoteModel, { messages, max_tokens, temperature, top_p, seed, stop, json_schema, stream }: ChatJob): string {
  return JSON.stringify({
    model: where.model,
    messages,
    max_tokens,
    temperature,
    ...(top_p === undefined ? {} : { top_p }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop }),
    ...(json_schema === undefined ? {} : { response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: json_schema } } }),
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
  });
}

/** What a refusal says, without our key and without what would move a terminal. */
async function wordsOf(response: Response, key: string | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of bounded(response.body ?? new Blob([]).stream(), REFUSAL_BYTES_MAX)) chunks.push(chunk);
  } catch (error) {
    // The status line has said what counts; words that stop coming, or never end, take nothing from it.
    chunks.push(Buffer.from(error instanceof Error ? ` (then ${error.name})` : " (then nothing)"));
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return redact(key === null ? text : withoutToken(text.replaceAll(key, "[key]"), key)).replace(/[^\x20-\x7e]/g, " ").replace(/ +/g, " ").trim().slice(0, WORDS_MAX);
}

/** A server that says too much was said to it has no name for that which all use. */
const TOO_LONG = /context.{0,20}(?:length|window|size)|maximum.{0,20}tokens|too (?:long|many tokens)|exceed/i;

function codeOf(status: number, words: string): ErrorCode {
  if (status === 429) return "models.busy";
  if (status >= 500 || status === 408) return "egress.failed";
  if (status === 413 || (status === 400 && TOO_LONG.test(words))) return "models.context";
  if (status === 404) return "models.unknown";
  return status === 400 || status === 422 ? "models.request" : "egress.denied";
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|HOSTNAME_MISMATCH/;

function unreached(cause: unknown, deadline: AbortSignal): MaestroError {
  if (deadline.aborted) return new MaestroError("egress.timeout", "did not answer in time", { cause });
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (CERTIFICATE.test(code)) return new MaestroError("egress.denied", `shows a certificate that is not accepted (${code}); see ca_file`, { cause });
  return new MaestroError("egress.failed", "cannot be reached, or broke off", { cause });
}

async function answered(where: RemoteModel, job: ChatJob, key: string | null, piece: ChatPieces, now_ms: number): Promise<Answer> {
  const tls = where.ca_file === undefined ? {} : { tls: { ca: await certificates(where.ca_file) } };
  const headers = { "content-type": "application/json", accept: job.stream ? "text/event-stream, application/json" : "application/json", "accept-encoding": "identity", "user-agent": "maestro", ...(key === null ? {} : { authorization: `Bearer ${key}` }) };
  const deadline = AbortSignal.timeout(job.deadline_ms);
  try {
    // A redirect would carry key and prompt to wherever it points.
    const response = await fetch(`${where.base_url.replace(/\/+$/, "")}/chat/completions`, { method: "POST", redirect: "manual", headers, body: bodyOf(where, job), signal: deadline, ...tls });
    const { status } = response;
    if (status !== 200 || response.body === null) {
      const words = await wordsOf(response, key);
      const retry_after_s = retryAfter(response.headers, now_ms);
      throw new MaestroError(codeOf(status, words), `answered ${status} ${words}`.trim(), retry_after_s === null ? {} : { retry_after_s });
    }
    const streamed = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
    return await (streamed ? streamedAnswer : wholeAnswer)(response.body, job.stream ? piece : () => undefined);
  } catch (error) {
    throw error instanceof MaestroError ? error : unreached(error, deadline);
  }
}

/** Throws `egress.*` and `models.busy`, `.context`, `.denied`, `.request`, `.unknown`; each names the model and its host. */
export async function chat(where: RemoteModel, job: ChatJob, piece: ChatPieces, now_ms: number): Promise<ChatReply> {
  const key = where.key_file === undefined ? null : await tokenOf(where.key_file, "key_file");
  checkSaid(job, key);
  try {
    const { text, finish, claimed, answered_by } = await answered(where, job, key, piece, now_ms);
    return { kind: "chat", text, finish, answered_by, ...counted(claimed, job, text) };
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    throw new MaestroError(error.code, `${where.id} (${new URL(where.base_url).host}) ${error.detail}`, { cause: error, ...(error.retry_after_s === null ? {} : { retry_after_s: error.retry_after_s }) });
  }
}
