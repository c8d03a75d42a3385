/** One question to one service: its own address and no other, bounded in bytes, time and tries. */
import { MaestroError } from "../../../proto/errors.ts";

const REPLY_BYTES_MAX = 256 * 1024;
const TRIES_MAX = 3;
const BACKOFF_MS = 100;
const WORDS_MAX = 200;

export interface Question {
  /** What the service is called in a failure. */
  readonly what: string;
  readonly url: string;
  readonly content_type: string;
  readonly accept: string;
  readonly body: string | Uint8Array;
}

/** What came back of one try: the reply, or a failure and whether another try may help. */
type Try = { readonly reply: Uint8Array } | { readonly failure: MaestroError; readonly again: boolean };

async function read(response: Response): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const wordsOf = (reply: Uint8Array | null): string => (reply === null ? "" : Buffer.from(reply).toString("utf8").replace(/[^\x20-\x7e]/g, " ").slice(0, WORDS_MAX));

async function tried({ what, url, content_type, accept, body }: Question, deadline: AbortSignal): Promise<Try> {
  const at = `${what} ${new URL(url).host}`;
  try {
    // A redirect would carry token and evidence to wherever it points.
    const response = await fetch(url, { method: "POST", redirect: "manual", headers: { "content-type": content_type, accept, "user-agent": "maestro" }, body: typeof body === "string" ? body : Buffer.from(body), signal: deadline });
    const reply = await read(response);
    if (reply === null) return { failure: new MaestroError("egress.refused", `${at} answered more than ${REPLY_BYTES_MAX} bytes`), again: false };
    const { status } = response;
    if (status === 200 || status === 201) return { reply };
    const again = status >= 500 || status === 429 || status === 408;
    return { failure: new MaestroError(again ? "egress.failed" : "egress.denied", `${at} answered ${status} ${wordsOf(reply)}`.trim()), again };
  } catch (cause) {
    if (deadline.aborted) return { failure: new MaestroError("egress.timeout", `${at} did not answer in time`, { cause }), again: false };
    return { failure: new MaestroError("egress.failed", `${at} cannot be reached`, { cause }), again: true };
  }
}

/** Throws `egress.denied`, `egress.failed`, `egress.refused`, `egress.timeout`. A fault of the service is tried again, a refusal is not. */
export async function post(question: Question, deadline: AbortSignal): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    const outcome = await tried(question, deadline);
    if ("reply" in outcome) return outcome.reply;
    if (!outcome.again || tries === TRIES_MAX) throw outcome.failure;
    await Bun.sleep(BACKOFF_MS * 2 ** (tries - 1));
  }
}
