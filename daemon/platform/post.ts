/** One POST of a text and its answer, bounded in bytes and time; no redirect is followed. */
import { MaestroError } from "../../proto/errors.ts";

export interface Post {
  /** For a socket of this machine the host name says nothing. */
  readonly url: string;
  readonly socket?: string;
  /** Whom it is about, for messages. */
  readonly who: string;
  readonly body: string;
  readonly deadline_ms: number;
  readonly reply_bytes_max: number;
}

export interface Posted {
  readonly status: number;
  /** Without parameters. */
  readonly type: string;
  readonly text: string;
}

/** Throws `egress.timeout` and `egress.failed`; whatever is answered is an answer. */
export async function post({ url, socket, who, body, deadline_ms, reply_bytes_max }: Post): Promise<Posted> {
  try {
    const signal = AbortSignal.timeout(deadline_ms);
    const response = await fetch(url, { method: "POST", redirect: "manual", headers: { "content-type": "text/plain; charset=utf-8", "user-agent": "maestro" }, body, signal, ...(socket === undefined ? {} : { unix: socket }) });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > reply_bytes_max) throw new MaestroError("egress.failed", `${who} answered more than ${reply_bytes_max} bytes`);
      chunks.push(chunk);
    }
    return { status: response.status, type: (response.headers.get("content-type") ?? "").split(";")[0]!.trim(), text: Buffer.concat(chunks).toString("utf8").toWellFormed() };
  } catch (cause) {
    if (cause instanceof MaestroError) throw cause;
    const late = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new MaestroError(late ? "egress.timeout" : "egress.failed", `${who} ${late ? "did not answer in time" : "cannot be reached"}`, { cause });
  }
}
