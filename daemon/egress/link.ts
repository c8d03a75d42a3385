/** How the core reaches a helper: a child of its own, or the socket of a unit. Either way one conversation has one helper process. */
import type { Socket } from "bun";
import { MaestroError } from "../../proto/errors.ts";
import { EgressReply, type EgressJob } from "../../proto/egress.ts";
import { messageOf, validatorOf } from "../platform/process/envelope.ts";
import { encodeFrame, FRAME_DEPTH_MAX, FrameDecoder } from "../platform/process/frames.ts";
import type { WorkerPool } from "../platform/process/pool.ts";

const replyOf = validatorOf(EgressReply);
/** A `read` is the largest answer, a `history` question with all its ids the largest question. */
const FRAME_BYTES_MAX = 512 * 1024;
const VALUES_MAX = 4096;
const CONNECT_MS = 2_000;

export interface Talk extends AsyncDisposable {
  /** Throws `egress.failed` or `egress.timeout` where the helper itself is at fault; a remote's refusal is a reply. */
  ask(job: EgressJob, deadline_ms: number): Promise<EgressReply>;
}

export interface Link {
  open(signal?: AbortSignal): Promise<Talk>;
  close(): Promise<void>;
}

/** The daemon's supervisor starts a helper for each conversation. */
export function childLink(pool: WorkerPool): Link {
  return {
    async open(signal) {
      const lease = await pool.lease(signal).catch((error: unknown) => Promise.reject(helperFault(error)));
      return {
        ask: (job, deadline_ms) => lease.run(job, { validate: replyOf, deadline_ms }).catch((error: unknown) => Promise.reject(helperFault(error))),
        [Symbol.asyncDispose]: () => lease.release(),
      };
    },
    close: () => pool.drain(0),
  };
}

/** The service manager starts one for each connection. */
export function socketLink(path: string): Link {
  return { open: () => SocketTalk.open(path), close: () => Promise.resolve() };
}

class SocketTalk implements Talk {
  readonly #decoder = new FrameDecoder({ frame_bytes_max: FRAME_BYTES_MAX, depth_max: FRAME_DEPTH_MAX, values_max: VALUES_MAX });
  readonly #ready = Promise.withResolvers<void>();
  #socket: Socket<undefined> | undefined;
  #answer: PromiseWithResolvers<EgressReply> | undefined;
  #asked = 0;
  #unsent: Uint8Array = new Uint8Array(0);
  /** Why the conversation is over; a question after that is told at once. */
  #over: MaestroError | undefined;

  static async open(path: string): Promise<SocketTalk> {
    const talk = new SocketTalk();
    // Whoever waits hears of it; with nobody waiting the next question does.
    talk.#ready.promise.catch(() => undefined);
    try {
      talk.#socket = await Bun.connect({ unix: path, socket: { data: (_, chunk) => talk.#take(chunk), close: () => talk.#end("the helper hung up"), error: (_, error) => talk.#end(error.message), drain: () => talk.#flush() } });
    } catch (cause) {
      throw new MaestroError("egress.failed", `no egress helper answers on ${path}`, { cause });
    }
    await within(talk.#ready.promise, CONNECT_MS, () => talk.#end("the helper is not ready"));
    return talk;
  }

  async ask(job: EgressJob, deadline_ms: number): Promise<EgressReply> {
    await this.#ready.promise;
    if (this.#over !== undefined) throw this.#over;
    if (this.#answer !== undefined) throw new MaestroError("internal.bug", "two questions to a helper at once");
    const answer = Promise.withResolvers<EgressReply>();
    this.#answer = answer;
    this.#unsent = encodeFrame({ id: ++this.#asked, job }, FRAME_BYTES_MAX);
    this.#flush();
    return await within(answer.promise, deadline_ms, () => this.#end("the helper passed its deadline", "egress.timeout"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
  }

  #flush(): void {
    const sent = this.#unsent.length === 0 ? 0 : (this.#socket?.write(this.#unsent) ?? 0);
    this.#unsent = this.#unsent.subarray(Math.max(0, sent));
  }

  #take(chunk: Uint8Array): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        const message = messageOf(frame);
        if (message.kind === "ready") this.#ready.resolve();
        else if (message.kind === "reply" && message.id === this.#asked && this.#answer !== undefined) {
          const { resolve } = this.#answer;
          this.#answer = undefined;
          resolve(replyOf(message.value));
        } else return this.#end(message.kind === "failure" ? message.detail : "an answer nobody asked for");
      }
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #end(because: string, code: "egress.failed" | "egress.timeout" = "egress.failed"): void {
    const error = (this.#over ??= new MaestroError(code, because));
    this.#socket?.terminate();
    this.#ready.reject(error);
    this.#answer?.reject(error);
  }
}

async function within<T>(promise: Promise<T>, deadline_ms: number, late: () => void): Promise<T> {
  const timer = setTimeout(late, deadline_ms);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function helperFault(error: unknown): unknown {
  if (!(error instanceof MaestroError) || error.code === "request.cancelled" || error.code === "daemon.draining") return error;
  return new MaestroError(error.code === "worker.deadline" ? "egress.timeout" : "egress.failed", `the egress helper: ${error.row.sentence} (${error.detail})`, { cause: error });
}
