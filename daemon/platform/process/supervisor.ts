import { MaestroError } from "../../../proto/errors.ts";
import { Conversation, type ConversationLimits, type JobOptions } from "./conversation.ts";
import type { MemoryWatch } from "./memory-watch.ts";
import { Supervised, type ProcessSpec } from "./supervised.ts";
import type { Usage } from "./usage.ts";

export type ChildLimits = ProcessSpec["limits"] & ConversationLimits;

/** How to start a child. The program must call `serve` of child.ts. */
export interface ChildSpec extends ProcessSpec {
  readonly limits: ChildLimits;
}

/**
 * One supervised process that does one job at a time. Any breach, crash, passed limit or abort kills it and fails the job;
 * a child that failed once is never used again.
 */
export class Child {
  readonly pid: number;
  /** Resolves when the child may take a job; rejects with the reason why it never will. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended and its group was killed. */
  readonly gone: Promise<void>;
  readonly #spec: ChildSpec;
  readonly #memory: MemoryWatch;
  readonly #process: Supervised;
  readonly #conversation: Conversation;

  /** Throws MaestroError `worker.crashed` when the program cannot be started at all. */
  constructor(spec: ChildSpec, memory: MemoryWatch) {
    this.#spec = spec;
    this.#memory = memory;
    this.#conversation = new Conversation({
      what: "child",
      limits: spec.limits,
      send: (frame) => void this.#process.send(frame),
      saidReady: () => this.#conversation.open(),
      fail: (error) => this.#process.fail(error),
      lost: () => this.#process.outOfMemory(),
    });
    this.#process = startOrEnd(spec, this.#conversation);
    this.pid = this.#process.pid;
    this.ready = this.#conversation.ready;
    this.gone = this.#process.gone;
  }

  get idle(): boolean {
    return this.#conversation.idle;
  }

  /** As `Supervised.stderr`. */
  get stderr(): string {
    return this.#process.stderr;
  }

  /** As `Supervised.usage`. */
  get usage(): Usage {
    return this.#process.usage;
  }

  /** As `Supervised.failure`. */
  get failure(): MaestroError | undefined {
    return this.#process.failure;
  }

  /**
   * Does one job. Requires `idle`. Rejects with MaestroError `worker.crashed` (`cause` is the child's own error, if it named one),
   * `worker.deadline`, `worker.memory`, `worker.protocol`, or `request.cancelled`; by then the process group is gone.
   */
  async run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply> {
    if (this.#conversation.dead) throw this.failure ?? new MaestroError("worker.crashed", "the process was stopped");
    const { memory_bytes_max } = this.#spec.limits;
    const unwatch = this.#memory.watch(this.pid, memory_bytes_max, (bytes) => this.#process.fail(new MaestroError("worker.memory", `${bytes} bytes resident, the limit is ${memory_bytes_max}`)));
    try {
      return await this.#conversation.ask(job, options);
    } catch (error) {
      if (this.#conversation.dead) await this.#process.settled();
      throw error;
    } finally {
      unwatch();
    }
  }

  /** As `Supervised.kill`. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Asks an idle child to end by itself: the end of its input is the end of `serve`. */
  async closeInput(): Promise<void> {
    await this.#process.closeInput();
  }
}

/** The conversation waits for `ready` from the start; where no process comes of it, it is over. */
function startOrEnd(spec: ChildSpec, conversation: Conversation): Supervised {
  try {
    return new Supervised(spec, conversation);
  } catch (error) {
    if (error instanceof MaestroError) conversation.end(error);
    throw error;
  }
}
