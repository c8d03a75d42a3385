/** One process with a native engine: started when somebody asks, ended when nobody does, replaced with growing pauses when it dies. */
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits, WorkerLimits } from "../../../proto/limits.ts";
import { statusBytesIn } from "../../platform/kernel/proc.ts";
import type { Validator } from "../../platform/process/envelope.ts";
import { MemoryWatch } from "../../platform/process/memory-watch.ts";
import { Supervised, type ProcessSpec } from "../../platform/process/supervised.ts";
import { Dialogue, Refusal, type AskOptions } from "./dialogue.ts";

/** Deaths in a row, without an answer between them, before callers are told at once instead of waiting for the next try. */
const DEATHS_IN_A_ROW_MAX = 3;
/** An idle process is asked to end and gives native things back; then it is killed. */
const LEAVE_MS = 5_000;
/** The end of a dead process's last words says enough. */
const REASON_CHARACTERS_MAX = 400;
/** One frame of an answer, and everything between the ends of two requests: a batch of vectors is the longest. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

export interface EngineLimits extends Pick<InferenceLimits, "load_deadline_ms" | "silence_ms" | "idle_ms" | "memory_bytes_max">, Pick<WorkerLimits, "ready_deadline_ms" | "stderr_bytes_max" | "restart_backoff_ms" | "restart_backoff_ms_max"> {}

/** How to start it, and the first request, which makes it ready for others. */
export interface EngineStart {
  readonly process: Omit<ProcessSpec, "limits">;
  readonly open: unknown;
  /** Said before it is worth starting: less than its limit where the model is known to need less. */
  readonly memory_bytes_max?: number;
}

export interface EngineSpec<Opened> {
  /** For messages: `text model gemma`. */
  readonly what: string;
  /** Asked before each start; what it throws is the caller's answer and no death. */
  readonly start: () => Promise<EngineStart>;
  readonly opened: Validator<Opened>;
  readonly limits: EngineLimits;
  /** Whoever asks knows at whose request the process died and slows that one down: a death after a start that went well keeps nobody else from a new one. */
  readonly blames?: boolean;
}

export interface EngineStatus {
  /** `suspended`: it dies again and again, so none is started for a moment. */
  readonly state: "ended" | "starting" | "ready" | "suspended";
  readonly pid: number | null;
  readonly running: number;
  /** Otherwise than by our own hand. */
  readonly deaths: number;
  /** The most it held so far; 0 where there is none. */
  readonly memory_bytes: number;
}

interface Live<Opened> {
  readonly process: Supervised;
  readonly dialogue: Dialogue;
  readonly opened: Opened;
  readonly memory_bytes_max: number;
}

export class Engine<Opened> {
  readonly #spec: EngineSpec<Opened>;
  readonly #memory = new MemoryWatch();
  #live: Live<Opened> | null = null;
  #starting: Promise<Live<Opened>> | null = null;
  /** The last one may still be on its way out; two of them would not fit in memory side by side. */
  #leaving: Promise<unknown> = Promise.resolve();
  #in_a_row = 0;
  #deaths = 0;
  #last: MaestroError | null = null;
  #paused_until_ms = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;
  /** Ends the watch over the memory of one that works. */
  #unwatch: (() => void) | undefined;
  #closed = false;

  constructor(spec: EngineSpec<Opened>) {
    this.#spec = spec;
  }

  get status(): EngineStatus {
    const pid = this.#live?.process.pid ?? null;
    const state = this.#live !== null ? "ready" : this.#starting !== null ? "starting" : this.#suspended(performance.now()) ? "suspended" : "ended";
    const memory_bytes = pid === null ? 0 : (statusBytesIn(`/proc/${pid}`)?.("VmHWM") ?? 0);
    return { state, pid, running: this.#live?.dialogue.running ?? 0, deaths: this.#deaths, memory_bytes };
  }

  /** Starts the process where there is none. Throws as `ask` where it cannot. */
  async open(): Promise<Opened> {
    const { opened } = await this.#ready();
    this.#rest();
    return opened;
  }

  /**
   * One request among others. Throws `models.died` where the process ended before it answered, `models.load` or `models.memory` where none can be
   * had, `worker.deadline`, `daemon.draining` after `close`, or what the process itself says of the request.
   */
  async ask<Reply, Progress = never>(job: unknown, options: AskOptions<Reply, Progress>): Promise<Reply> {
    const live = await this.#ready();
    const { process, dialogue, memory_bytes_max } = live;
    clearTimeout(this.#idle);
    const unwatch = dialogue.busy ? null : this.#memory.watch(process.pid, memory_bytes_max, (bytes) => process.fail(new MaestroError("worker.memory", `${bytes} bytes resident, the limit is ${memory_bytes_max}`)));
    this.#unwatch = unwatch ?? this.#unwatch;
    try {
      const reply = await dialogue.ask(job, options);
      this.#in_a_row = 0;
      return reply;
    } catch (error) {
      if (error instanceof Refusal) this.#in_a_row = 0;
      if (!dialogue.dead) throw error;
      // The request hears of a death a moment before the process is gone, and may come again at once.
      await process.settled();
      if (this.#live === live) this.#forget();
      throw error instanceof Refusal ? error : this.#died(error);
    } finally {
      if (!dialogue.busy) this.#rest();
    }
  }

  /** No more requests; those under way fail with `daemon.draining`. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const starting = this.#starting?.then(({ process }) => process.kill()).catch(() => undefined);
    await this.#live?.process.kill();
    await Promise.all([starting, this.#leaving]);
  }

  /** Nobody asks any more: after a while the process gives its memory back. */
  #rest(): void {
    const live = this.#live;
    if (live?.dialogue.busy ?? true) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#live !== live || live === null || live.dialogue.busy) return;
      this.#live = null;
      this.#leaving = leave(live.process);
    }, this.#spec.limits.idle_ms);
    // A daemon that has nothing left to do may end before its workers rest: they end with it.
    this.#idle.unref();
  }

  async #ready(): Promise<Live<Opened>> {
    if (this.#closed) throw new MaestroError("daemon.draining", `${this.#spec.what} takes no more requests`);
    if (this.#live !== null && !this.#live.dialogue.dead) return this.#live;
    this.#starting ??= this.#start().finally(() => (this.#starting = null));
    return this.#starting;
  }

  #suspended(now_ms: number): boolean {
    return this.#in_a_row >= DEATHS_IN_A_ROW_MAX && now_ms < this.#paused_until_ms;
  }

  async #start(): Promise<Live<Opened>> {
    const now_ms = performance.now();
    if (this.#suspended(now_ms) && this.#last !== null) throw this.#last;
    if (now_ms < this.#paused_until_ms) await Bun.sleep(this.#paused_until_ms - now_ms);
    await Promise.all([this.#leaving, this.#live?.process.settled()]);
    if (this.#live !== null) this.#forget();
    const start = await this.#spec.start();
    if (this.#closed) throw new MaestroError("daemon.draining", `${this.#spec.what} takes no more requests`);
    const live = await this.#launch(start);
    this.#live = live;
    void live.process.gone.then(() => this.#live === live && this.#forget());
    return live;
  }

  async #launch({ process: spec, open, memory_bytes_max: wanted }: EngineStart): Promise<Live<Opened>> {
    const { limits, opened: validate } = this.#spec;
    const memory_bytes_max = wanted ?? limits.memory_bytes_max;
    let process: Supervised | undefined;
    const dialogue: Dialogue = new Dialogue({
      limits: { ...limits, frame_bytes_max: REPLY_BYTES_MAX, reply_bytes_max: REPLY_BYTES_MAX },
      send: (frame) => void process?.send(frame),
      fail: (error) => process?.fail(error),
      lost: () => process?.outOfMemory(),
    });
    let unwatch: (() => void) | undefined;
    try {
      const started = new Supervised({ ...spec, limits: { ...limits, memory_bytes_max } }, dialogue);
      process = started;
      unwatch = this.#memory.watch(started.pid, memory_bytes_max, (bytes) => started.fail(new MaestroError("worker.memory", `${bytes} bytes resident, the limit is ${memory_bytes_max}`)));
      await dialogue.ready;
      const opened = await dialogue.ask(open, { validate, deadline_ms: limits.load_deadline_ms }, false);
      return { process: started, dialogue, opened, memory_bytes_max };
    } catch (error) {
      if (process === undefined && error instanceof MaestroError) dialogue.end(error);
      await process?.kill();
      throw this.#notStarted(error, process?.failure);
    } finally {
      unwatch?.();
    }
  }

  /** What the process itself says of its model will not change by asking again at once; a death may have been chance, twice. */
  #notStarted(error: unknown, failure: MaestroError | undefined): unknown {
    if (!(error instanceof MaestroError)) return error;
    if (this.#closed) return new MaestroError("daemon.draining", `${this.#spec.what} was being started`);
    if (error instanceof Refusal) this.#in_a_row = Math.max(this.#in_a_row, DEATHS_IN_A_ROW_MAX - 1);
    const cause = failure ?? error;
    const reason = `${this.#spec.what}: ${cause.code}, ${cause.detail}`.slice(0, REASON_CHARACTERS_MAX);
    this.#pause();
    if (error instanceof Refusal) this.#last = new MaestroError(error.code, error.detail);
    else if (cause.code === "worker.memory") this.#last = new MaestroError("models.memory", reason, { cause });
    else this.#last = new MaestroError(this.#in_a_row < DEATHS_IN_A_ROW_MAX ? "models.died" : "models.load", reason, { cause });
    return this.#last;
  }

  /** The process is dead. */
  #forget(): void {
    const cause = this.#live?.process.failure;
    if (this.#live === null) return;
    this.#live = null;
    this.#unwatch?.();
    this.#unwatch = undefined;
    clearTimeout(this.#idle);
    if (this.#closed) return;
    this.#deaths += 1;
    if (this.#spec.blames === true) return;
    this.#last = new MaestroError("models.load", `${this.#spec.what} died again and again; ${cause?.code}, ${cause?.detail}`.slice(0, REASON_CHARACTERS_MAX), { cause });
    // One that answered before is replaced at once: the next request is the retry.
    const answered = this.#in_a_row === 0;
    this.#pause();
    if (answered) this.#paused_until_ms = 0;
  }

  #pause(): void {
    const { restart_backoff_ms, restart_backoff_ms_max } = this.#spec.limits;
    this.#paused_until_ms = performance.now() + Math.min(restart_backoff_ms * 2 ** this.#in_a_row, restart_backoff_ms_max);
    this.#in_a_row += 1;
  }

  #died(error: unknown): MaestroError {
    if (this.#closed) return new MaestroError("daemon.draining", `${this.#spec.what} was ended`, { cause: error });
    const said = error instanceof MaestroError ? `${error.code}, ${error.detail}` : String(error);
    return new MaestroError("models.died", `${this.#spec.what}: ${said}`.slice(0, REASON_CHARACTERS_MAX), { cause: error });
  }
}

/** Asked to go, then made to. */
async function leave(process: Supervised): Promise<void> {
  await process.closeInput();
  await Promise.race([process.gone, Bun.sleep(LEAVE_MS)]);
  await process.kill();
}
