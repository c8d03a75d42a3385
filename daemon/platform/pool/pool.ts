import { MaestroError } from "../../../proto/errors.ts";
import type { WorkerLimits } from "../../../proto/config.ts";
import type { BreakerLimits, BreakerState, Turn } from "./breaker.ts";
import { Breakers } from "./breakers.ts";
import { FairLine } from "./fair-line.ts";
import type { ActionGuard } from "../action-guard.ts";
import { MemoryWatch } from "../process/memory-watch.ts";
import { Shares } from "./shares.ts";
import type { Usage } from "../process/usage.ts";
import type { JobOptions } from "../process/conversation.ts";
import { Child, type ChildSpec } from "../process/supervisor.ts";

/** Callers in line; the gates queue is far shorter, so only a bug gets here. */
const LINE_MAX = 1_024;
/** Starts that fail in a row before callers are told at once instead of waiting for the next try. */
const FAILED_STARTS_MAX = 3;

export interface PoolSpec extends ChildSpec {
  /**
   * Children kept warm, and the most that one tenant leases at once. A tenant that has none gets one above that (see `Shares`),
   * so at worst three times this many processes exist.
   */
  readonly size: number;
  /** Asked of each answer before it is believed, and of each pause before a start is tried again. */
  readonly act?: ActionGuard;
  readonly backoff: Pick<WorkerLimits, "restart_backoff_ms" | "restart_backoff_ms_max"> & BreakerLimits;
}

/** What an operator may want to know of the pool beyond how many there are. */
export interface PoolHealth {
  readonly waiting: number;
  /** Of starting processes at all: `open` while they keep dying before they are ready. */
  readonly starts: BreakerState;
  /** Tenants whose own jobs keep killing their processes. */
  readonly tenants: Readonly<Record<"open" | "half_open", number>>;
  /** Processes that ended otherwise than by the pool's own hand, since the start. */
  readonly deaths: number;
  /** Who enforces the memory limit. */
  readonly memory_cap: "kernel" | "watched";
}

/** A fresh child for one caller. It is killed when the lease ends: no state of one change ever meets the next one. */
export interface Lease extends AsyncDisposable {
  readonly pid: number;
  /** Any number of jobs, one after the other; after a failure the lease is spent. Throws as `Child.run`. */
  run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply>;
  /** What the child used so far; exact once it is gone. */
  usage(): Usage;
  /** Kills the child; resolves when it is gone. May be called again. */
  release(): Promise<void>;
}

/** Failures of a job that mean its process died of it. */
const DEATHS: ReadonlySet<string> = new Set(["worker.crashed", "worker.memory", "worker.protocol"]);
/** The end of a dead process's last words says enough. */
const REASON_CHARACTERS_MAX = 300;

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
  readonly #line = new FairLine<Waiting>();
  readonly #shares: Shares;
  readonly #breakers: Breakers;
  /** `off`: starts nothing by itself. `on`: keeps the pool warm. `drained`: over, for good. */
  #mode: "off" | "on" | "drained" = "off";
  #failures_in_a_row = 0;
  #paused_ms = 0;
  #deaths = 0;
  /** Why the last start failed. */
  #start_failure = "";
  #retry: ReturnType<typeof setTimeout> | undefined;
  #empty = Promise.withResolvers<void>();

  constructor(spec: PoolSpec) {
    this.#shares = new Shares(spec.size);
    this.#breakers = new Breakers(spec.backoff);
    this.#spec = spec;
  }

  /** What `maestro status` shows. */
  get counts(): { readonly ready: number; readonly busy: number } {
    return { ready: this.#warm.length, busy: this.#leased.size };
  }

  get health(): PoolHealth {
    const failing = this.#failures_in_a_row >= FAILED_STARTS_MAX;
    const starts = !failing ? "closed" : this.#retry === undefined ? "half_open" : "open";
    return { waiting: this.#line.size, starts, tenants: this.#breakers.states(performance.now()), deaths: this.#deaths, memory_cap: this.#spec.cgroups === undefined ? "watched" : "kernel" };
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
    await Promise.all([...this.#warm.splice(0), ...(this.#line.size === 0 ? this.#starting : [])].map((child) => child.kill()));
  }

  /**
   * Waits in line for a fresh child, which counts as `tenant`'s. Rejects with `request.cancelled` on abort, `request.busy` when the
   * line is full, `daemon.draining` after `drain`, `worker.suspended` while a breaker is open, or with the reason why no child becomes ready.
   */
  async lease(signal?: AbortSignal, tenant = ""): Promise<Lease> {
    if (this.#mode === "drained") throw new MaestroError("daemon.draining", "no more check processes");
    if (signal?.aborted) throw cancelled(signal);
    if (this.#line.size >= LINE_MAX) throw new MaestroError("request.busy", `${LINE_MAX} callers wait for a check process`);
    this.#refuseSuspended(tenant);
    const turn = this.#breakers.enter(tenant, performance.now());
    const granted = Promise.withResolvers<Child>();
    const waiting: Waiting = { give: granted.resolve, fail: granted.reject };
    const leave = () => {
      if (this.#line.remove(tenant, waiting)) waiting.fail(cancelled(signal));
    };
    this.#line.push(tenant, waiting);
    signal?.addEventListener("abort", leave, { once: true });
    this.#serve();
    this.#fill();
    try {
      return this.#leaseOf(await granted.promise, tenant, turn);
    } catch (error) {
      this.#breakers.left(tenant, turn);
      throw error;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  #refuseSuspended(tenant: string): void {
    if (this.health.starts === "open" && this.#warm.length === 0) {
      throw new MaestroError("worker.suspended", `check processes do not start: ${this.#start_failure}`);
    }
    const why = this.#breakers.refusal(tenant, performance.now());
    if (why !== null) throw new MaestroError("worker.suspended", why);
  }

  /** One job in a child of its own. */
  async run<Reply, Progress = never>(job: unknown, options: JobOptions<Reply, Progress>): Promise<Reply> {
    await using lease = await this.lease(options.signal);
    return await lease.run(job, options);
  }

  /** Takes no more callers, waits `deadline_ms` for the leases out, then kills what is left. */
  async drain(deadline_ms: number): Promise<void> {
    const line = this.#line.clear();
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

  #leaseOf(child: Child, tenant: string, turn: Turn): Lease {
    const release = async () => {
      await child.kill();
      if (!this.#leased.delete(child)) return;
      this.#shares.give(tenant);
      this.#breakers.left(tenant, turn);
      if (this.#leased.size === 0) this.#empty.resolve();
      this.#serve();
      this.#fill();
    };
    const run: Lease["run"] = async (job, options) => {
      try {
        const began_ms = performance.now();
        const reply = await child.run(job, options);
        this.#spec.act?.("worker_answered", { took: Math.round(performance.now() - began_ms), deadline: Math.round(options.deadline_ms) });
        this.#breakers.worked(tenant, turn);
        return reply;
      } catch (error) {
        this.#count(tenant, turn, error);
        throw error;
      }
    };
    return { pid: child.pid, run, usage: () => child.usage, release, [Symbol.asyncDispose]: release };
  }

  /** A job that says what is wrong with it, is stopped, or takes too long is no crash; a deadline has a pace of its own. */
  #count(tenant: string, turn: Turn, error: unknown): void {
    if (!(error instanceof MaestroError) || !DEATHS.has(error.code) || error.cause instanceof MaestroError) return;
    this.#deaths += 1;
    this.#breakers.died(tenant, turn, performance.now(), `${error.code}, ${error.detail}`.slice(0, REASON_CHARACTERS_MAX));
  }

  /** Hands warm children to the line: tenants take turns, each first come, first served. */
  #serve(): void {
    for (;;) {
      while (this.#warm[0]?.idle === false) this.#warm.shift();
      if (this.#warm[0] === undefined) return;
      const next = this.#line.shift((tenant) => this.#shares.admits(tenant));
      const child = next === undefined ? undefined : this.#warm.shift();
      if (next === undefined || child === undefined) return;
      this.#shares.take(next.key);
      this.#leased.add(child);
      next.item.give(child);
    }
  }

  /** Starts what is missing: the warm stock while `on`, otherwise only what the line needs. */
  #fill(): void {
    if (this.#mode === "drained" || this.#retry !== undefined) return;
    const wanted = this.#mode === "on" ? this.#spec.size : this.#admissible();
    while (this.#warm.length + this.#starting.size < wanted) {
      if (!this.#start()) return;
    }
  }

  /** How many of those in line could be served now, if there were children enough. */
  #admissible(): number {
    const guests = this.#line.keys().filter((tenant) => this.#shares.admits(tenant)).length;
    const free = this.#spec.size - this.#shares.total;
    return Math.min(this.#line.size, Math.max(free, guests));
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
    this.#deaths += 1;
    this.#start_failure = `${error.code}, ${error.detail}`.slice(0, REASON_CHARACTERS_MAX);
    if (this.#warm.length + this.#starting.size === 0) for (const waiting of this.#line.clear()) waiting.fail(error);
    if (this.#mode === "drained" || this.#retry !== undefined) return;
    const { restart_backoff_ms, restart_backoff_ms_max } = this.#spec.backoff;
    const pause_ms = Math.min(restart_backoff_ms * 2 ** this.#failures_in_a_row, restart_backoff_ms_max);
    this.#failures_in_a_row++;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#fill();
    }, this.#pause(pause_ms));
  }

  /** A pause that is too short is a fault of ours; the pool then waits as long as it ever does. */
  #pause(pause_ms: number): number {
    const { restart_backoff_ms_max } = this.#spec.backoff;
    const before_ms = this.#failures_in_a_row === 1 ? 0 : this.#paused_ms;
    this.#paused_ms = pause_ms;
    try {
      this.#spec.act?.("restart_planned", { failures: this.#failures_in_a_row, pause: pause_ms, pause_before: before_ms, pause_max: restart_backoff_ms_max });
      return pause_ms;
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      return restart_backoff_ms_max;
    }
  }
}

function cancelled(signal: AbortSignal | undefined): MaestroError {
  return new MaestroError("request.cancelled", "stopped waiting for a check process", { cause: signal?.reason });
}
