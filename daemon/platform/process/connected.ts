/** A process behind a socket: the service manager starts one for each connection. It is held to the same as a child: frames, validation, deadlines. */
import type { Socket } from "bun";
import { ERROR_CODES, MaestroError } from "../../../proto/errors.ts";
import { peerCredentials } from "../kernel/socket.ts";
import { type Message, messageOf } from "./envelope.ts";
import { encodeFrame, FRAME_DEPTH_MAX, FRAME_VALUES_MAX, FrameDecoder } from "./frames.ts";
import type { ChildLimits, JobOptions } from "./supervisor.ts";

/** A job the core itself wrote; only a bug makes one this large. */
const JOB_BYTES_MAX = 64 * 1024 * 1024;
const ROOT = 0;

type Limits = Pick<ChildLimits, "ready_deadline_ms" | "reply_bytes_max" | "frame_bytes_max">;

interface Running {
  readonly id: number;
  readonly reply: (value: unknown) => void;
  readonly progress: (value: unknown) => void;
  readonly fail: (error: MaestroError) => void;
}

export interface ConnectedOptions {
  readonly path: string;
  /** What it is, for the message: `launcher`. */
  readonly what: string;
  readonly limits: Limits;
  /** The failure where nobody answers, or somebody who should not. */
  readonly absent: (detail: string, cause?: unknown) => MaestroError;
}

/** Hanging up ends the process, whose input that is; that is all there is to `kill`. */
export class Connected {
  readonly ready: Promise<void>;
  readonly #options: ConnectedOptions;
  readonly #decoder: FrameDecoder;
  readonly #became_ready = Promise.withResolvers<void>();
  #state: "starting" | "idle" | "busy" | "dead" = "starting";
  #said_ready = false;
  #failure: MaestroError | undefined;
  #socket: Socket<undefined> | undefined;
  #unsent: Uint8Array = new Uint8Array(0);
  #running: Running | undefined;
  #jobs = 0;
  /** Since the job began, progress and answer together. */
  #output_bytes = 0;

  constructor(options: ConnectedOptions) {
    const { limits } = options;
    this.#options = options;
    this.#decoder = new FrameDecoder({ frame_bytes_max: limits.frame_bytes_max ?? limits.reply_bytes_max, depth_max: FRAME_DEPTH_MAX, values_max: FRAME_VALUES_MAX });
    this.ready = this.#became_ready.promise;
    // One that ends while nobody waits for it is reported by the next `run`.
    this.ready.catch(() => undefined);
    const { ready_deadline_ms } = limits;
    const timer = setTimeout(() => this.#end(new MaestroError("worker.deadline", `not ready after ${ready_deadline_ms} ms`)), ready_deadline_ms);
    void this.ready.then(() => clearTimeout(timer), () => clearTimeout(timer));
    void this.#connect();
  }

  get idle(): boolean {
    return this.#state === "idle";
  }

  /** As `Child.run`. */
  async run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply> {
    if (this.#state === "dead") throw this.#failure ?? new MaestroError("worker.crashed", "the connection was closed");
    if (this.#state !== "idle") throw new Error(`a job for a ${this.#options.what} that is ${this.#state}`);
    if (options.signal?.aborted) throw cancelled(options.signal);
    const id = ++this.#jobs;
    const frame = encodeFrame({ id, job }, JOB_BYTES_MAX);
    const answer = Promise.withResolvers<Reply>();
    this.#state = "busy";
    this.#output_bytes = 0;
    this.#running = {
      id,
      reply: (value) => answer.resolve(options.validate(value)),
      progress: (value) => {
        if (options.progress === undefined) throw new MaestroError("worker.protocol", "progress nobody asked for");
        options.progress.take(options.progress.validate(value));
      },
      fail: (error) => answer.reject(error),
    };
    const timer = setTimeout(() => this.#end(new MaestroError("worker.deadline", `${options.deadline_ms} ms`)), options.deadline_ms);
    const abort = (): void => this.#end(cancelled(options.signal));
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#unsent = frame;
      this.#flush();
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
  }

  async kill(): Promise<void> {
    this.#end(new MaestroError("worker.crashed", "the connection was closed"));
  }

  async #connect(): Promise<void> {
    const { path, what, absent } = this.#options;
    try {
      const socket = await Bun.connect({
        unix: path,
        socket: {
          data: (_, chunk) => this.#take(chunk),
          drain: () => this.#flush(),
          close: () => this.#end(new MaestroError("worker.crashed", `the ${what} hung up`)),
          error: (_, error) => this.#end(new MaestroError("worker.crashed", `the connection broke: ${error.message}`, { cause: error })),
        },
      });
      if (this.#state === "dead") return void socket.terminate();
      this.#socket = socket;
      checkOwner(this.#options, socket);
      this.#open();
    } catch (cause) {
      if (cause instanceof MaestroError) return this.#end(cause);
      this.#end(absent(`no ${what} answers on ${path}`, cause));
    }
  }

  /** Ready is who said so, and is known to be who it should be: `ready` may come before the connection is handed to us. */
  #open(): void {
    if (this.#state !== "starting" || !this.#said_ready || this.#socket === undefined) return;
    this.#state = "idle";
    this.#became_ready.resolve();
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    const sent = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = this.#unsent.subarray(Math.max(0, sent));
  }

  #take(chunk: Uint8Array): void {
    try {
      this.#output_bytes += chunk.length;
      const { reply_bytes_max } = this.#options.limits;
      if (this.#output_bytes > reply_bytes_max) throw new MaestroError("worker.protocol", `more than ${reply_bytes_max} bytes of output`);
      for (const frame of this.#decoder.push(chunk)) this.#message(messageOf(frame));
    } catch (error) {
      this.#end(error instanceof MaestroError && error.code === "worker.protocol" ? error : new MaestroError("worker.protocol", String(error), { cause: error }));
    }
  }

  #message(message: Message): void {
    if (this.#state === "dead") return;
    if (message.kind === "ready") {
      if (this.#said_ready) throw new MaestroError("worker.protocol", "ready twice");
      this.#said_ready = true;
      return this.#open();
    }
    const running = this.#running;
    if (running === undefined || running.id !== message.id) throw new MaestroError("worker.protocol", `${message.kind} for job ${message.id}, which is not under way`);
    if (message.kind === "progress") return running.progress(message.value);
    if (message.kind === "failure") return this.#end(reported(message));
    running.reply(message.value);
    this.#running = undefined;
    this.#state = "idle";
  }

  /** The first reason wins. */
  #end(error: MaestroError): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#failure = error;
    this.#socket?.terminate();
    this.#became_ready.reject(error);
    this.#running?.fail(error);
    this.#running = undefined;
  }
}

/** Whoever listens decides what the answers are: root's service manager, or this very user. The kernel noted who it is at listen(2). */
function checkOwner({ path, absent }: ConnectedOptions, socket: Socket<undefined>): void {
  const fd: unknown = Reflect.get(socket, "fd");
  let because = "has no descriptor";
  if (typeof fd === "number") {
    const { uid } = peerCredentials(fd);
    if (uid === ROOT || uid === process.getuid?.()) return;
    because = `is held by uid ${uid}, neither root nor the daemon's own user`;
  }
  throw absent(`${path} ${because}, so no job is given to it`);
}

/** Its own account of a failed job; its code is only believed where it is one of ours. */
function reported(message: Extract<Message, { kind: "failure" }>): MaestroError {
  const code = ERROR_CODES.find((known) => known === message.code);
  return new MaestroError("worker.crashed", message.detail, code === undefined ? {} : { cause: new MaestroError(code, message.detail) });
}

function cancelled(signal: AbortSignal | undefined): MaestroError {
  return new MaestroError("request.cancelled", "the job was stopped before its end", { cause: signal?.reason });
}
