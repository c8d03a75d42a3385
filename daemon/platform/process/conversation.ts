/** One job at a time with a process that answers in frames: who may say what, and when. What carries the frames and what ends the process is its owner's business. */
import { ERROR_CODES, MaestroError } from "../../../proto/errors.ts";
import type { WorkerLimits } from "../../../proto/config.ts";
import { type Message, messageOf, type Validator } from "./envelope.ts";
import { encodeFrame, FRAME_DEPTH_MAX, FRAME_VALUES_MAX, FrameDecoder } from "./frames.ts";

/** A job description the parent itself wrote; only a bug makes one this large. */
const REQUEST_BYTES_MAX = 64 * 1024 * 1024;

export interface ConversationLimits extends Pick<WorkerLimits, "ready_deadline_ms" | "reply_bytes_max"> {
  /** A frame lies in memory whole; `reply_bytes_max`, which holds for all frames of a job together, where it is not named. */
  readonly frame_bytes_max?: number;
}

export interface JobOptions<Reply, Progress = never> {
  /** Decides whether the answer is one; a throw makes the job fail as `worker.protocol`. */
  readonly validate: Validator<Reply>;
  readonly deadline_ms: number;
  readonly signal?: AbortSignal;
  /** Without it a progress message is a breach of protocol. */
  readonly progress?: { readonly validate: Validator<Progress>; readonly take: (value: Progress) => void };
}

interface Running {
  readonly id: number;
  /** Validates and delivers; throws where the other end lied. */
  readonly reply: (value: unknown) => void;
  readonly progress: (value: unknown) => void;
  readonly fail: (error: MaestroError) => void;
}

export interface Owner {
  /** What it is, for the message about a bug: `child`. */
  readonly what: string;
  readonly limits: ConversationLimits;
  readonly send: (frame: Uint8Array) => void;
  /** The other end said that it is ready; the owner calls `open` when it agrees. */
  readonly saidReady: () => void;
  /** Nothing more will come of this: the owner ends the process and calls `end`. */
  readonly fail: (error: MaestroError) => void;
  /** Asked before an answer is believed. */
  readonly lost?: () => MaestroError | undefined;
}

export class Conversation {
  /** Resolves when a job may be given; rejects with the reason why none ever may. */
  readonly ready: Promise<void>;
  readonly #owner: Owner;
  readonly #decoder: FrameDecoder;
  readonly #became_ready = Promise.withResolvers<void>();
  #state: "starting" | "idle" | "busy" | "dead" = "starting";
  #said_ready = false;
  #running: Running | undefined;
  #jobs = 0;
  /** Since the job began, progress and answer together. */
  #output_bytes = 0;

  constructor(owner: Owner) {
    const { ready_deadline_ms, reply_bytes_max, frame_bytes_max } = owner.limits;
    this.#owner = owner;
    this.#decoder = new FrameDecoder({ frame_bytes_max: frame_bytes_max ?? reply_bytes_max, depth_max: FRAME_DEPTH_MAX, values_max: FRAME_VALUES_MAX });
    this.ready = this.#became_ready.promise;
    // An end that nobody waits for is reported by the next job.
    this.ready.catch(() => undefined);
    const timer = setTimeout(() => owner.fail(new MaestroError("worker.deadline", `not ready after ${ready_deadline_ms} ms`)), ready_deadline_ms);
    void this.ready.then(() => clearTimeout(timer), () => clearTimeout(timer));
  }

  get idle(): boolean {
    return this.#state === "idle";
  }

  get busy(): boolean {
    return this.#state === "busy";
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  get jobs(): number {
    return this.#jobs;
  }

  open(): void {
    if (this.#state !== "starting" || !this.#said_ready) return;
    this.#state = "idle";
    this.#became_ready.resolve();
  }

  /** Gives one job, and holds it to its deadline and signal. Requires a state that is not `dead`; a job for one that is not idle is a bug. */
  async ask<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply> {
    const { deadline_ms, signal } = options;
    if (this.#state !== "idle") throw new Error(`a job for a ${this.#owner.what} that is ${this.#state}`);
    if (signal?.aborted) throw cancelled(signal);
    const id = ++this.#jobs;
    const frame = encodeFrame({ id, job }, REQUEST_BYTES_MAX);
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
    const timer = setTimeout(() => this.#owner.fail(new MaestroError("worker.deadline", `${deadline_ms} ms`)), deadline_ms);
    const abort = (): void => this.#owner.fail(cancelled(signal));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#owner.send(frame);
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Bytes from the other end. */
  hear(chunk: Uint8Array): void {
    const { limits, fail } = this.#owner;
    try {
      this.#output_bytes += chunk.length;
      if (this.#output_bytes > limits.reply_bytes_max) throw new MaestroError("worker.protocol", `more than ${limits.reply_bytes_max} bytes of output`);
      for (const frame of this.#decoder.push(chunk)) this.#take(messageOf(frame));
    } catch (error) {
      fail(breach(error));
    }
  }

  /** No more will come. */
  ended(): void {
    if (!this.#decoder.between_frames) this.#owner.fail(new MaestroError("worker.protocol", "the output ended inside a frame"));
  }

  /** The first reason wins. */
  end(error: MaestroError): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#became_ready.reject(error);
    this.#running?.fail(error);
    this.#running = undefined;
  }

  #take(message: Message): void {
    if (this.#state === "dead") return;
    if (message.kind === "ready") {
      if (this.#said_ready) throw new MaestroError("worker.protocol", "ready twice");
      this.#said_ready = true;
      return this.#owner.saidReady();
    }
    const running = this.#running;
    if (running === undefined || running.id !== message.id) {
      throw new MaestroError("worker.protocol", `${message.kind} for job ${message.id} while ${running === undefined ? "there is none" : `job ${running.id} runs`}`);
    }
    if (message.kind === "progress") return running.progress(message.value);
    if (message.kind === "failure") return this.#owner.fail(reported(message));
    // An answer that was made while parts of it were being killed is none.
    const lost = this.#owner.lost?.();
    if (lost !== undefined) return this.#owner.fail(lost);
    running.reply(message.value);
    this.#running = undefined;
    this.#state = "idle";
  }
}

const breach = (error: unknown): MaestroError => (error instanceof MaestroError && error.code === "worker.protocol" ? error : new MaestroError("worker.protocol", String(error), { cause: error }));

/** The other end's own account of a failed job; its code is only believed where it is one of ours. */
function reported(message: Extract<Message, { kind: "failure" }>): MaestroError {
  const code = ERROR_CODES.find((known) => known === message.code);
  return new MaestroError("worker.crashed", message.detail, code === undefined ? {} : { cause: new MaestroError(code, message.detail) });
}

function cancelled(signal: AbortSignal | undefined): MaestroError {
  return new MaestroError("request.cancelled", "the job was stopped before its end", { cause: signal?.reason });
}
