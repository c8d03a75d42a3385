/** One process with a native engine: started when somebody asks, ended when nobody does, replaced with growing pauses when it dies. */
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits, WorkerLimits } from "../../../proto/limits.ts";
import { statusBytesIn } from "../../platform/kernel/proc.ts";
import type { Validator } from "../../platform/process/envelope.ts";
import { MemoryWatch } from "../../platform/process/memory-watch.ts";
import { Supervised, type ProcessSpec } from "../../platform/process/supervised.ts";
import { Dialogue, Refusal, type AskOptions } from "./dialogue.ts";
import { gaveUp, type Patience, patiently } from "./patience.ts";

/** Deaths in a row, without an answer between them, before callers are told at once instead of waiting for the next try. */
const DEATHS_IN_A_ROW_MAX = 3;
/** An idle process is asked to end and gives native things back; then it is killed. */
const LEAVE_MS = 5_000;
/** The end of a dead process's last words says enough. */
const REASON_CHARACTERS_MAX = 400;
/** One frame of an answer, and everything between the ends of two requests: a batch of vectors is the longest. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

export interface EngineLimits extends Pick<InferenceLimits, "load_deadline_ms" | "silence_ms" | "idle_ms" | "memory_bytes_max">, Pick<WorkerLimits, "ready_deadline_ms" | "stderr_bytes_max" | "restart_backoff_ms" | "restart_backoff_ms_max"> {}

/** Where a process sits as long as it lives. Whoever gave the place is told when it is used and when it is free, and may want it back. */
export interface EngineSeat {
  /** Aborted: what is under way with this process is ended, nothing new is begun with it, and it goes. */
  readonly leave: AbortSignal;
  started(pid: number): void;
  /** Something is under way until what it returns is called. */
  begin(): () => void;
  /** No process sits there any more, or none ever did. */
  release(): void;
}

/** How to start it, and the first request, which makes it ready for others. */
export interface EngineStart {
  readonly process: Omit<ProcessSpec, "limits">;
  readonly open: unknown;
  /** Released by the engine, whatever becomes of the start. */
  readonly seat?: EngineSeat;
  /** Said before it is worth starting: less than its limit where the model is known to need less. */
  readonly memory_bytes_max?: number;
}

export interface EngineSpec<Opened> {
  /** For messages: `text model gemma`. */
  readonly what: string;
  /** Asked before each start; what it throws is the caller's answer and no death. The signal comes when nobody waits for it any more. */
  readonly start: (signal: AbortSignal) => Promise<EngineStart>;
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
  readonly seat: EngineSeat | null;
  /** Ends the watch over the memory of one that works. */
  unwatch?: () => void;
  /** It was told to go, and does when this is called: nothing is under way any more. */
  idle?: () => void;
  /** Its end is our own doing, or was counted. */
  done: boolean;
}

interface Starting<Opened> {
  readonly live: Promise<Live<Opened>>;
  readonly stop: AbortController;
  /** Requests that wait for it. */
  waiting: number;
}

export class Engine<Opened> {
  readonly #spec: EngineSpec<Opened>;
  readonly #memory = new MemoryWatch();
  #live: Live<Opened> | null = null;
  #starting: Starting<Opened> | null = null;
  /** Being loaded, which may take as long as `load_deadline_ms`. */
  #launching: Supervised | null = null;
  /** Told to go, and still at work. */
  #going: Live<Opened> | null = null;
  /** The last one may still be on its way out; two of them would not fit in memory side by side. */
  #leaving: Promise<unknown> = Promise.resolve();
  #in_a_row = 0;
  #deaths = 0;
  #last: MaestroError | null = null;
  #paused_until_ms = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;
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
  async open(patience: Patience = {}): Promise<Opened> {
    const live = await this.#ready(patience);
    this.#rest(live);
    return live.opened;
  }

  /**
   * One request among others. Throws `models.died` where the process ended before it answered, `models.load` or `models.memory` where none can be
   * had, `models.busy` and `request.cancelled` where none was there in time, `worker.deadline`, `daemon.draining` after `close`, or what the process
   * itself says of the request. `deadline_ms` counts from when there is a process.
   */
  async ask<Reply, Progress = never>(job: unknown, options: AskOptions<Reply, Progress>, patience: Patience = {}): Promise<Reply> {
    const wait = { ...(options.signal === undefined ? {} : { signal: options.signal }), ...patience };
    let live = await this.#ready(wait);
    // Told to go a moment before it was to be asked.
    while (live !== this.#live) live = await this.#ready(wait);
    const { process, dialogue, memory_bytes_max, seat } = live;
    clearTimeout(this.#idle);
    if (!dialogue.busy) live.unwatch = this.#memory.watch(process.pid, memory_bytes_max, (bytes) => process.fail(new MaestroError("worker.memory", `${bytes} bytes resident, the limit is ${memory_bytes_max}`)));
    const ended = seat?.begin();
    try {
      const reply = await dialogue.ask(job, options);
      this.#in_a_row = 0;
      return reply;
    } catch (error) {
      if (error instanceof Refusal) this.#in_a_row = 0;
      if (!dialogue.dead) throw error;
      // The request hears of a death a moment before the process is gone, and may come again at once.
      await process.settled();
      this.#forget(live);
      throw error instanceof Refusal ? error : this.#died(error);
    } finally {
      ended?.();
      this.#rest(live);
    }
  }

  /** Those it answers now are answered to the end, then it goes; whoever asks from now on gets another one. Resolves when it has gone. */
  async renew(): Promise<void> {
    await this.#starting?.live.catch(() => undefined);
    if (this.#live !== null) this.#retire(this.#live);
    await this.#leaving;
  }

  /** No more requests; those under way fail with `daemon.draining`. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const starting = this.#starting?.live.then(({ process }) => process.kill()).catch(() => undefined);
    this.#starting?.stop.abort();
    await Promise.all([this.#live?.process.kill(), this.#going?.process.kill(), this.#launching?.kill()]);
    await Promise.all([starting, this.#leaving]);
  }

  /** Nobody asks any more: after a while the process gives its memory back, and at once where it was told to go. */
  #rest(live: Live<Opened>): void {
    if (live.dialogue.busy) return;
    live.unwatch?.();
    live.idle?.();
    if (this.#live !== live) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#live !== live || live.dialogue.busy) return;
      this.#live = null;
      this.#leaving = leave(live);
    }, this.#spec.limits.idle_ms);
    // A daemon that has nothing left to do may end before its workers rest: they end with it.
    this.#idle.unref();
  }

  /** Its seat is another's: it ends what it does, and whoever asks from now on gets another process in another place. */
  #retire(live: Live<Opened>): void {
    if (this.#live !== live) return;
    this.#live = null;
    this.#going = live;
    clearTimeout(this.#idle);
    const idle = Promise.withResolvers<void>();
    live.idle = idle.resolve;
    this.#leaving = idle.promise.then(() => leave(live)).finally(() => (this.#going = null));
    if (!live.dialogue.busy) idle.resolve();
  }

  async #ready({ deadline_ms, signal }: Patience): Promise<Live<Opened>> {
    const until_ms = deadline_ms === undefined ? undefined : performance.now() + deadline_ms;
    for (;;) {
      if (this.#closed) throw this.#draining();
      const live = this.#live;
      if (live !== null && !live.dialogue.dead) return live;
      if (signal?.aborted) throw gaveUp(this.#spec.what, signal);
      const starting = this.#starting ?? this.#begin();
      // Given up by all who waited for it: it may still come to something, and a start of one's own follows it.
      const awaited = starting.stop.signal.aborted ? starting.live.catch(() => null) : starting.live;
      starting.waiting += 1;
      try {
        await patiently(awaited, this.#spec.what, until_ms, signal);
      } finally {
        starting.waiting -= 1;
        if (starting.waiting === 0) starting.stop.abort();
      }
    }
  }

  #begin(): Starting<Opened> {
    const stop = new AbortController();
    const live = this.#start(stop.signal).finally(() => (this.#starting = null));
    // Who waited may all be gone.
    live.catch(() => undefined);
    this.#starting = { live, stop, waiting: 0 };
    return this.#starting;
  }

  #suspended(now_ms: number): boolean {
    return this.#in_a_row >= DEATHS_IN_A_ROW_MAX && now_ms < this.#paused_until_ms;
  }

  async #start(signal: AbortSignal): Promise<Live<Opened>> {
    const now_ms = performance.now();
    if (this.#suspended(now_ms) && this.#last !== null) throw this.#last;
    if (now_ms < this.#paused_until_ms) await Bun.sleep(this.#paused_until_ms - now_ms);
    for (;;) {
      await Promise.all([this.#leaving, this.#live?.process.settled()]);
      if (this.#live !== null) this.#forget(this.#live);
      if (this.#closed) throw this.#draining();
      const live = await this.#launch(await this.#spec.start(signal).catch((thrown: unknown) => Promise.reject(this.#closed ? this.#draining() : thrown)));
      if (live.seat?.leave.aborted !== true) return this.#stay(live);
      // Its place was wanted while it was being loaded.
      await leave(live);
    }
  }

  #stay(live: Live<Opened>): Live<Opened> {
    this.#live = live;
    live.seat?.leave.addEventListener("abort", () => this.#retire(live), { once: true });
    void live.process.gone.then(() => this.#forget(live));
    return live;
  }

  async #launch({ process: spec, open, seat, memory_bytes_max: wanted }: EngineStart): Promise<Live<Opened>> {
    const { limits, opened: validate } = this.#spec;
    if (this.#closed) {
      seat?.release();
      throw this.#draining();
    }
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
      process = this.#launching = started;
      seat?.started(started.pid);
      // Not before: a process that was killed and hangs in its driver has its memory still.
      void started.gone.finally(() => seat?.release());
      unwatch = this.#memory.watch(started.pid, memory_bytes_max, (bytes) => started.fail(new MaestroError("worker.memory", `${bytes} bytes resident, the limit is ${memory_bytes_max}`)));
      await dialogue.ready;
      const opened = await dialogue.ask(open, { validate, deadline_ms: limits.load_deadline_ms }, false);
      return { process: started, dialogue, opened, memory_bytes_max, seat: seat ?? null, done: false };
    } catch (error) {
      if (process === undefined) seat?.release();
      if (process === undefined && error instanceof MaestroError) dialogue.end(error);
      await process?.kill();
      throw this.#notStarted(error, process?.failure);
    } finally {
      this.#launching = null;
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
  #forget(live: Live<Opened>): void {
    if (live.done) return;
    live.done = true;
    const cause = live.process.failure;
    live.unwatch?.();
    if (this.#live === live) {
      this.#live = null;
      clearTimeout(this.#idle);
    }
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

  #draining(): MaestroError {
    return new MaestroError("daemon.draining", `${this.#spec.what} takes no more requests`);
  }

  #died(error: unknown): MaestroError {
    if (this.#closed) return new MaestroError("daemon.draining", `${this.#spec.what} was ended`, { cause: error });
    const said = error instanceof MaestroError ? `${error.code}, ${error.detail}` : String(error);
    return new MaestroError("models.died", `${this.#spec.what}: ${said}`.slice(0, REASON_CHARACTERS_MAX), { cause: error });
  }
}

/** Asked to go, then made to. */
async function leave(live: Live<unknown>): Promise<void> {
  const { process, dialogue } = live;
  // One that died at its work is no doing of ours.
  if (!dialogue.dead) {
    live.done = true;
    await process.closeInput();
    await Promise.race([process.gone, Bun.sleep(LEAVE_MS)]);
  }
  await process.kill();
}
