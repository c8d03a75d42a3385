/** One supervised process that does one job after the other: started when somebody asks, ended when nobody does, and another one after it died. */
import { type TSchema, type Static, Type } from "@sinclair/typebox";
import { MaestroError } from "../../../proto/errors.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import { type Validator, validatorOf } from "../../platform/process/envelope.ts";
import { MemoryWatch } from "../../platform/process/memory-watch.ts";
import { Child } from "../../platform/process/supervisor.ts";
import { Breaker } from "../../platform/pool/breaker.ts";

const REPLY_BYTES_MAX = 32 * 1024 * 1024;
const STDERR_BYTES_MAX = 64 * 1024;
const RELEASE_MS = 5_000;
/** Three deaths in a minute, and for ten seconds it is not started again. */
const BREAKER = { breaker_deaths_max: 3, breaker_window_ms: 60_000, breaker_open_ms: 10_000, breaker_open_ms_max: 300_000 };

export interface SingleSpec<Opened extends TSchema> {
  /** As a refusal names it. */
  readonly what: string;
  /** The program's file; it calls `serve` and takes `{kind: open, setup}`, `{kind: work, job}` and `{kind: release}`. */
  readonly program: string;
  /** Asked again for each process. */
  readonly setup: () => Promise<unknown> | unknown;
  readonly opened: Opened;
  readonly limits: Pick<InferenceLimits, "load_deadline_ms" | "idle_ms" | "memory_bytes_max">;
  readonly now_ms: () => number;
  readonly memory?: MemoryWatch;
}

export interface SingleStatus {
  readonly state: "ended" | "ready" | "suspended";
  readonly pid: number | null;
  readonly waiting: number;
  readonly deaths: number;
  readonly memory_bytes: number;
}

const nothing = validatorOf(Type.Null());

interface Running<Opened> {
  readonly child: Child;
  readonly opened: Opened;
}

export class Single<Opened extends TSchema> {
  readonly #spec: SingleSpec<Opened>;
  readonly #memory: MemoryWatch;
  readonly #breaker = new Breaker(BREAKER);
  #running: Running<Static<Opened>> | null = null;
  #line: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #deaths = 0;
  #closed = false;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(spec: SingleSpec<Opened>) {
    this.#spec = spec;
    this.#memory = spec.memory ?? new MemoryWatch();
  }

  /** Of a process that was not asked anything before: whoever keeps state in it has to bring it again. */
  get pid(): number | null {
    return this.#running?.child.pid ?? null;
  }

  status(): SingleStatus {
    const child = this.#running?.child;
    const state = child !== undefined ? "ready" : this.#breaker.refusal(this.#spec.now_ms()) === null ? "ended" : "suspended";
    return { state, pid: child?.pid ?? null, waiting: this.#waiting, deaths: this.#deaths, memory_bytes: child?.usage.max_rss_bytes ?? 0 };
  }

  /** What it said of itself when it was opened. */
  open(): Promise<Static<Opened>> {
    return this.#inLine(async () => (await this.#start()).opened);
  }

  /** Throws `models.died` where the process ended in the middle, `models.memory`, or what the process itself named. */
  ask<Reply>(job: unknown, validate: Validator<Reply>, deadline_ms: number): Promise<Reply> {
    return this.#inLine(async () => {
      const { child } = await this.#start();
      return await this.#job(child, { kind: "work", job }, validate, deadline_ms);
    });
  }

  /** Nothing is started after it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#inLine(() => this.#letGo());
  }

  async #start(): Promise<Running<Static<Opened>>> {
    if (this.#closed) throw new MaestroError("daemon.draining", `${this.#spec.what}: the daemon ends`);
    const running = this.#running;
    if (running !== null && running.child.idle && running.child.failure === undefined) return running;
    this.#running = null;
    await running?.child.kill();
    const { what, program, limits, opened: schema, now_ms } = this.#spec;
    const refusal = this.#breaker.refusal(now_ms());
    if (refusal !== null) throw new MaestroError("models.load", `${what}: ${refusal}`);
    const turn = this.#breaker.enter(now_ms());
    const child = new Child({ argv: [process.execPath, program], cwd: "/", env: {}, limits: { ready_deadline_ms: limits.load_deadline_ms, reply_bytes_max: REPLY_BYTES_MAX, stderr_bytes_max: STDERR_BYTES_MAX, memory_bytes_max: limits.memory_bytes_max } }, this.#memory);
    try {
      await child.ready;
      const opened = await child.run({ kind: "open", setup: await this.#spec.setup() }, { validate: validatorOf(schema), deadline_ms: limits.load_deadline_ms });
      this.#breaker.worked(turn);
      return (this.#running = { child, opened });
    } catch (error) {
      await child.kill();
      throw this.#died(error, turn);
    }
  }

  async #job<Reply>(child: Child, job: unknown, validate: Validator<Reply>, deadline_ms: number): Promise<Reply> {
    try {
      return await child.run(job, { validate, deadline_ms });
    } catch (error) {
      this.#running = null;
      throw this.#died(error, Symbol("job"));
    }
  }

  /** What the process named itself is its answer; anything else is a death. */
  #died(error: unknown, turn: symbol): MaestroError {
    if (!(error instanceof MaestroError)) throw error;
    const own = error.cause instanceof MaestroError && error.cause.code.startsWith("models.") ? error.cause : null;
    if (own !== null) {
      this.#breaker.left(turn);
      return own;
    }
    this.#deaths += 1;
    this.#breaker.died(turn, this.#spec.now_ms(), error.detail);
    return new MaestroError(error.code === "worker.memory" ? "models.memory" : "models.died", `${this.#spec.what}: ${error.detail}`, { cause: error });
  }

  async #letGo(): Promise<void> {
    clearTimeout(this.#idle);
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    try {
      await running.child.run({ kind: "release" }, { validate: nothing, deadline_ms: RELEASE_MS });
      await running.child.closeInput();
      await Promise.race([running.child.gone, Bun.sleep(RELEASE_MS)]);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
    }
    await running.child.kill();
  }

  /** One after the other; a failure is its own job's and nobody else's. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    this.#waiting += 1;
    const done = (): void => {
      this.#waiting -= 1;
      if (this.#waiting > 0 || this.#closed || this.#running === null) return;
      this.#idle = setTimeout(() => void this.#inLine(() => this.#letGo()), this.#spec.limits.idle_ms);
      this.#idle.unref();
    };
    const turn = this.#line.then(work, work).finally(done);
    this.#line = turn.catch(() => undefined);
    return turn;
  }
}
