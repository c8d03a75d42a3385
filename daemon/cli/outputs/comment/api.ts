/** Questions to a code host's API: one host, no redirects, bounded in bytes, time and tries. */

/** A wait longer than this is not worth a job's minutes. */
const WAIT_MS_MAX = 60_000;
const TRIES_MAX = 4;
const FIRST_WAIT_MS = 500;
const REQUEST_DEADLINE_MS = 20_000;
const REPLY_BYTES_MAX = 16 * 1024 * 1024;
const TEXT_CHARACTERS_MAX = 200;

/** What keeps a comment from being written. Never a reason to fail a gate. */
export class CommentTrouble extends Error {
  constructor(
    /** `denied`: this token may not. `lost`: it may or may not have happened. */
    readonly kind: "denied" | "failed" | "lost",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "CommentTrouble";
  }
}

export interface ApiClock {
  readonly now_ms: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

export const REAL_CLOCK: ApiClock = { now_ms: () => Date.now(), sleep: (ms) => Bun.sleep(ms), random: () => Math.random() };

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

const isLimited = ({ status, headers }: Response): boolean => status === 429 || (status === 403 && (headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0"));

/** How long the host asks to be left alone; null where it does not say. RFC 9110 10.2.3: seconds or a date. */
export function askedWait(headers: Headers, now_ms: number): number | null {
  const after = headers.get("retry-after");
  if (after !== null) {
    const at_ms = /^\d{1,9}$/.test(after) ? now_ms + Number(after) * 1000 : Date.parse(after);
    return Number.isNaN(at_ms) ? null : Math.max(0, at_ms - now_ms);
  }
  const reset = headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset");
  return reset !== null && /^\d{1,12}$/.test(reset) ? Math.max(0, Number(reset) * 1000 - now_ms) : null;
}

async function capped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > REPLY_BYTES_MAX) throw new CommentTrouble("failed", `the host's reply is larger than ${REPLY_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    // Cut off, too slow, or not compressed as it says.
    if (error instanceof CommentTrouble || !(error instanceof Error)) throw error;
    throw new CommentTrouble("lost", `the host's reply did not come whole: ${error.message.slice(0, TEXT_CHARACTERS_MAX)}`, { cause: error });
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch (cause) {
    throw new CommentTrouble("failed", "the host's reply is not JSON", { cause });
  }
}

export class HostApi {
  constructor(
    /** Without a slash at its end. */
    private readonly base: string,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly clock: ApiClock,
  ) {}

  /** Throws `CommentTrouble`. A POST is sent again only where the host said that it did not take it. */
  async ask(method: Method, path: string, body?: unknown, base = this.base): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.send(method, `${base}${path}`, body);
      const limited = response !== null && isLimited(response);
      const answered = response !== null && !limited && response.status < 500;
      if (answered) {
        try {
          return await this.answer(response, `${method} ${path}`);
        } catch (error) {
          if (!(error instanceof CommentTrouble) || error.kind !== "lost" || method === "POST") throw error;
        }
      }
      const because = response === null ? "no answer" : answered ? "a reply that did not come whole" : `status ${response.status}`;
      if (!answered) await response?.body?.cancel();
      if (method === "POST" && !limited) throw new CommentTrouble("lost", `${method} ${path}: ${because}`);
      const wait_ms = this.wait(response, attempt);
      if (attempt === TRIES_MAX || wait_ms > WAIT_MS_MAX) throw new CommentTrouble("failed", `${method} ${path}: ${because} after ${attempt} tries${wait_ms > WAIT_MS_MAX ? `; the host asks to wait ${Math.ceil(wait_ms / 1000)} s` : ""}`);
      await this.clock.sleep(wait_ms);
    }
  }

  /** What the host asks for, else doubling; both with jitter on top, so that jobs that failed together do not come back together. */
  private wait(response: Response | null, attempt: number): number {
    const asked = response === null ? null : askedWait(response.headers, this.clock.now_ms());
    const wait_ms = asked ?? FIRST_WAIT_MS * 2 ** (attempt - 1);
    return wait_ms + this.clock.random() * FIRST_WAIT_MS;
  }

  private async send(method: Method, url: string, body: unknown): Promise<Response | null> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      // A redirect would carry the token to wherever it points.
      return await fetch(url, { method, headers: { "content-type": "application/json", "user-agent": "maestro", ...this.headers }, redirect: "manual", signal: AbortSignal.timeout(REQUEST_DEADLINE_MS), ...content });
    } catch (error) {
      if (error instanceof Error) return null;
      throw error;
    }
  }

  private async answer(response: Response, what: string): Promise<unknown> {
    const { status } = response;
    if (status >= 200 && status < 300) return parsed(await capped(response));
    const said = (await capped(response)).slice(0, TEXT_CHARACTERS_MAX);
    const denied = status === 401 || status === 403 || status === 404;
    throw new CommentTrouble(denied ? "denied" : "failed", `${what}: status ${status} ${said}`);
  }
}
