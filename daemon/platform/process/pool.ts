import { MaestroError } from "../../../proto/errors.ts";
import type { WorkerLimits } from "../../../proto/config.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { Child, type ChildSpec, type JobOptions } from "./supervisor.ts";

/** Callers in line; the gates queue is far shorter, so only a bug gets here. */
const LINE_MAX = 1_024;

export interface PoolSpec extends ChildSpec {
  /** Children kept warm, and also the most that are leased at once: twice this many processes exist at worst. */
  readonly size: number;
  readonly backoff: Pick<WorkerLimits, "restart_backoff_ms" | "restart_backoff_ms_max">;
}

/** A fresh child for one caller. It is killed when the lease ends: no state of one change ever meets the next one. */
export interface Lease extends AsyncDisposable {
  readonly pid: number;
  /** Any number of jobs, one after the other; after a failure the lease is spent. Throws as `Child.run`. */
  run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply>;
  /** Kills the child; resolves when it is gone. May be called again. */
  release(): Promise<void>;
}

interface Waiting {
  readonly give: (child: Child) => void;
  readonly fail: (error: MaestroError) => void;
}

/** Keeps `size` children warm and hands each out once. */
export class WorkerPool {
  readonly #spec: PoolSpec;
  readonly #memory = new MemoryWatch();
  readonly #warm: Child[] = [];
  readonly #starting = new Set<Child>();
  readonly #leased = new Set<Child>();
  readonly #line: Waiting[] = [];
  /** `off`: starts nothing by itself. `on`: keeps the pool warm. `drained`: over, for good. */
  #mode: "off" | "on" | "drained" = "off";
  #failures_in_a_row = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #empty = Promise.withResolvers<void>();

  constructor(spec: PoolSpec) {
    if (!(spec.size >= 1)) throw new RangeError(`pool size ${spec.size}`);
    this.#spec = spec;
  }

  /** What `maestro status` shows. */
  get counts(): { readonly ready: number; readonly busy: number } {
    return { ready: this.#warm.length, busy: this.#leased.size };
  }

  /** Starts children in the background, up to `size`, and keeps them so until `cool`. */
  warm(): void {
    if (this.#mode === "off") this.#mode = "on";
    this.#fill();
  }

  /** Ends the unused children, so that an idle daemon holds none; a lease starts new ones. */
  async cool(): Promise<void> {
    if (this.#mode === "on") this.#mode = "off";
    clearTimeout(this.#retry);
    this.#retry = undefined;
    await Promise.all([...this.#warm.splice(0), ...(this.#line.length === 0 ? this.#starting : [])].map((child) => child.kill()));
  }

  /**
   * Waits in line for a fresh child. Rejects with `request.cancelled` on abort, `request.busy` when the line is full,
   * `daemon.draining` after `drain`, or with the reason why no child becomes ready.
   */
  async lease(signal?: AbortSignal): Promise<Lease> {
    if (this.#mode === "drained") throw new MaestroError("daemon.draining", "no more check processes");
    if (signal?.aborted) throw cancelled(signal);
    if (this.#line.length >= LINE_MAX) throw new MaestroError("request.busy", `${LINE_MAX} callers wait for a check process`);
    const granted = Promise.withResolvers<Child>();
    const waiting: Waiting = { give: granted.resolve, fail: granted.reject };
    const leave = () => {
      const at = this.#line.indexOf(waiting);
      if (at < 0) return;
      this.#line.splice(at, 1);
      waiting.fail(cancelled(signal));
    };
    this.#line.push(waiting);
    signal?.addEventListener("abort", leave, { once: true });
    this.#serve();
    this.#fill();
    try {
      return this.#leaseOf(await granted.promise);
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** One job in a child of its own. */
  async run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply> {
    await using lease = await this.lease(options.signal);
    return await lease.run(job, options);
  }

  /** Takes no more callers, waits `deadline_ms` for the leases out, then kills what is left. */
  async drain(deadline_ms: number): Promise<void> {
    const line = this.#line.splice(0);
    this.#mode = "drained";
    for (const waiting of line) waiting.fail(new MaestroError("daemon.draining", "no more check processes"));
    const cooled = this.cool();
    if (this.#leased.size > 0) {
      this.#empty = Promise.withResolvers();
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, deadline_ms);
      await Promise.race([this.#empty.promise, timeout.promise]);
      clearTimeout(timer);
    }
    await Promise.all([cooled, ...[...this.#leased].map((child) => child.kill())]);
  }

  #leaseOf(child: Child): Lease {
    const release = async () => {
      await child.kill();
      if (!this.#leased.delete(child)) return;
      if (this.#leased.size === 0) this.#empty.resolve();
      this.#serve();
      this.#fill();
    };
    return { pid: child.pid, run: (job, options) => child.run(job, options), release, [Symbol.asyncDispose]: release };
  }

  /** Hands warm children to the line, first come first served. */
  #serve(): void {
    while (this.#line.length > 0 && this.#leased.size < this.#spec.size) {
      const child = this.#warm.shift();
      if (child === undefined) return;
      if (!child.idle) continue;
      this.#leased.add(child);
      this.#line.shift()?.give(child);
    }
  }

  /** Starts what is missing: the warm stock while `on`, otherwise only what the line needs. */
  #fill(): void {
    if (this.#mode === "drained" || this.#retry !== undefined) return;
    const room = this.#spec.size - this.#leased.size;
    const wanted = this.#mode === "on" ? this.#spec.size : Math.min(this.#line.length, room);
    while (this.#warm.length + this.#starting.size < wanted) {
      if (!this.#start()) return;
    }
  }

  #start(): boolean {
    let child: Child;
    try {
      child = new Child(this.#spec, this.#memory);
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      this.#startFailed(error);
      return false;
    }
    this.#starting.add(child);
    void this.#follow(child);
    return true;
  }

  async #follow(child: Child): Promise<void> {
    try {
      await child.ready;
    } catch (error) {
      this.#starting.delete(child);
      if (!(error instanceof MaestroError)) throw error;
      // `cool` and `drain` kill children on their way up, which is no failure; somebody may have joined the line since.
      if (child.failure === undefined) this.#fill();
      else this.#startFailed(child.failure);
      return;
    }
    this.#starting.delete(child);
    this.#failures_in_a_row = 0;
    this.#warm.push(child);
    this.#serve();
    await child.gone;
    const at = this.#warm.indexOf(child);
    if (at < 0) return;
    this.#warm.splice(at, 1);
    this.#startFailed(child.failure ?? new MaestroError("worker.crashed", "a waiting process ended"));
  }

  /** Whoever waits with no other child on its way is told now instead of hanging; the next start waits, each time twice as long. */
  #startFailed(error: MaestroError): void {
    if (this.#warm.length + this.#starting.size === 0) for (const waiting of this.#line.splice(0)) waiting.fail(error);
    if (this.#mode === "drained" || this.#retry !== undefined) return;
    const { restart_backoff_ms, restart_backoff_ms_max } = this.#spec.backoff;
    const pause_ms = Math.min(restart_backoff_ms * 2 ** this.#failures_in_a_row, restart_backoff_ms_max);
    this.#failures_in_a_row++;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#fill();
    }, pause_ms);
  }
}

function cancelled(signal: AbortSignal | undefined): MaestroError {
  return new MaestroError("request.cancelled", "stopped waiting for a check process", { cause: signal?.reason });
}
