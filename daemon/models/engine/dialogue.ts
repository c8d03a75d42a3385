/** Several requests at once with one process: who may say what, and when. What carries the frames and what ends the process is its owner's business. */
import { ERROR_CODES, MaestroError } from "../../../proto/errors.ts";
import { type Message, messageOf, type Validator } from "../../platform/process/envelope.ts";
import { encodeFrame, FRAME_DEPTH_MAX, FRAME_VALUES_MAX, FrameDecoder } from "../../platform/process/frames.ts";
import type { Talk } from "../../platform/process/supervised.ts";
import { ORDER_BYTES_MAX, type Order } from "./orders.ts";

export interface AskOptions<Reply, Progress = never> {
  /** A throw ends the process: it lies. */
  readonly validate: Validator<Reply>;
  /** From the moment of asking; the process is then told to stop, and the request fails with `worker.deadline` when it has. */
  readonly deadline_ms: number;
  /** Aborted, the process is told to stop the request, and its answer is waited for; what is answered then is the caller's to read. */
  readonly signal?: AbortSignal;
  /** Without it a progress message is a breach of protocol. */
  readonly progress?: { readonly validate: Validator<Progress>; readonly take: (value: Progress) => void };
}

export interface DialogueLimits {
  /** From the start of the process until it says that it is ready. */
  readonly ready_deadline_ms: number;
  /** No word from the process for this long while it has something to do, or none of a request it was told to stop. */
  readonly silence_ms: number;
  /** One frame. */
  readonly frame_bytes_max: number;
  /** Everything it says between the ends of two requests. */
  readonly reply_bytes_max: number;
}

export interface DialogueOwner {
  readonly limits: DialogueLimits;
  readonly send: (frame: Uint8Array) => void;
  /** Nothing more will come of this: the owner ends the process and calls `end`. */
  readonly fail: (error: MaestroError) => void;
  /** Asked before an answer is believed. */
  readonly lost: () => MaestroError | undefined;
}

interface Running {
  readonly reply: (value: unknown) => void;
  readonly progress: (value: unknown) => void;
  readonly fail: (error: MaestroError) => void;
}

export class Dialogue implements Talk {
  /** Resolves when requests may be given; rejects with the reason why none ever may. */
  readonly ready: Promise<void>;
  readonly #owner: DialogueOwner;
  readonly #decoder: FrameDecoder;
  readonly #became_ready = Promise.withResolvers<void>();
  readonly #running = new Map<number, Running>();
  #state: "starting" | "open" | "dead" = "starting";
  #because: MaestroError | undefined;
  #jobs = 0;
  #heard_bytes = 0;
  #heard_at_ms = 0;
  #listening: ReturnType<typeof setTimeout> | undefined;

  constructor(owner: DialogueOwner) {
    const { ready_deadline_ms, frame_bytes_max } = owner.limits;
    this.#owner = owner;
    this.#decoder = new FrameDecoder({ frame_bytes_max, depth_max: FRAME_DEPTH_MAX, values_max: FRAME_VALUES_MAX });
    this.ready = this.#became_ready.promise;
    // An end that nobody waits for is reported by the next request.
    this.ready.catch(() => undefined);
    const timer = setTimeout(() => owner.fail(new MaestroError("worker.deadline", `not ready after ${ready_deadline_ms} ms`)), ready_deadline_ms);
    void this.ready.then(() => clearTimeout(timer), () => clearTimeout(timer));
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  get running(): number {
    return this.#running.size;
  }

  get jobs(): number {
    return this.#jobs;
  }

  /** Requires `ready`. `silence_ms`: how long the process may say nothing during this one request; another's limit holds, too. */
  async ask<Reply, Progress = never>(job: unknown, options: AskOptions<Reply, Progress>, listen = true): Promise<Reply> {
    if (this.#state !== "open") throw this.#because ?? new Error(`a request for a process that is ${this.#state}`);
    const id = ++this.#jobs;
    const frame = encodeFrame({ id, job } satisfies Order, ORDER_BYTES_MAX);
    const answer = Promise.withResolvers<Reply>();
    this.#running.set(id, {
      reply: (value) => answer.resolve(options.validate(value)),
      progress: (value) => {
        if (options.progress === undefined) throw new MaestroError("worker.protocol", "progress nobody asked for");
        options.progress.take(options.progress.validate(value));
      },
      fail: (error) => answer.reject(error),
    });
    if (listen) this.#listen();
    let expired = false;
    const stop = this.#stopper(id);
    const timer = setTimeout(() => {
      expired = true;
      stop.now();
    }, options.deadline_ms);
    options.signal?.addEventListener("abort", stop.now, { once: true });
    this.#owner.send(frame);
    if (options.signal?.aborted) stop.now();
    try {
      const reply = await answer.promise;
      if (expired) throw new MaestroError("worker.deadline", `${options.deadline_ms} ms`);
      return reply;
    } finally {
      clearTimeout(timer);
      stop.done();
      options.signal?.removeEventListener("abort", stop.now);
    }
  }

  /** Bytes from the other end. */
  hear(chunk: Uint8Array): void {
    const { limits, fail } = this.#owner;
    try {
      this.#heard_at_ms = performance.now();
      this.#heard_bytes += chunk.length;
      if (this.#heard_bytes > limits.reply_bytes_max) throw new MaestroError("worker.protocol", `more than ${limits.reply_bytes_max} bytes of output`);
      for (const frame of this.#decoder.push(chunk)) this.#take(messageOf(frame));
    } catch (error) {
      fail(error instanceof MaestroError && error.code === "worker.protocol" ? error : new MaestroError("worker.protocol", String(error), { cause: error }));
    }
  }

  /** No more will come. */
  ended(): void {
    if (!this.#decoder.between_frames) this.#owner.fail(new MaestroError("worker.protocol", "the output ended inside a frame"));
  }

  /** The first reason wins; every request under way fails with it. */
  end(error: MaestroError): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#because = error;
    clearTimeout(this.#listening);
    this.#became_ready.reject(error);
    for (const running of this.#running.values()) running.fail(error);
    this.#running.clear();
  }

  /** Tells the process once to stop a request; one that does not answer within the silence limit hangs. */
  #stopper(id: number): { readonly now: () => void; readonly done: () => void } {
    const { silence_ms } = this.#owner.limits;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const now = (): void => {
      if (waiting !== undefined || !this.#running.has(id)) return;
      waiting = setTimeout(() => this.#owner.fail(new MaestroError("worker.deadline", `it was told to stop and did not for ${silence_ms} ms`)), silence_ms);
      this.#owner.send(encodeFrame({ id, cancel: true } satisfies Order, ORDER_BYTES_MAX));
    };
    return { now, done: () => clearTimeout(waiting) };
  }

  /** One clock for all requests: whoever works for one of them says something now and then. */
  #listen(): void {
    if (this.#running.size === 1) this.#heard_at_ms = performance.now();
    if (this.#listening !== undefined) return;
    const { silence_ms } = this.#owner.limits;
    const look = (): void => {
      this.#listening = undefined;
      if (this.#running.size === 0) return;
      const silent_ms = performance.now() - this.#heard_at_ms;
      if (silent_ms >= silence_ms) return this.#owner.fail(new MaestroError("worker.deadline", `not a word for ${silence_ms} ms`));
      this.#listening = setTimeout(look, silence_ms - silent_ms);
    };
    this.#listening = setTimeout(look, silence_ms);
  }

  #take(message: Message): void {
    if (this.#state === "dead") return;
    if (message.kind === "ready") {
      if (this.#state !== "starting") throw new MaestroError("worker.protocol", "ready twice");
      this.#state = "open";
      return this.#became_ready.resolve();
    }
    const running = this.#running.get(message.id);
    if (running === undefined) throw new MaestroError("worker.protocol", `${message.kind} for request ${message.id}, which is not under way`);
    if (message.kind === "progress") return running.progress(message.value);
    // An answer that was made while parts of the process were being killed is none.
    const lost = this.#owner.lost();
    if (lost !== undefined) return this.#owner.fail(lost);
    if (message.kind === "failure") running.fail(reported(message));
    else running.reply(message.value);
    this.#running.delete(message.id);
    this.#heard_bytes = 0;
  }
}

/** What the process says of one request that it could not answer; it goes on with the others. */
export class Refusal extends MaestroError {}

function reported({ code, detail }: Extract<Message, { kind: "failure" }>): MaestroError {
  const known = ERROR_CODES.find((one) => one === code);
  if (known === undefined) throw new MaestroError("worker.protocol", "a failure with a code that there is not");
  return new Refusal(known, detail);
}
