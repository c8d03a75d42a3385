/** Who waits for a model: the higher priority first; within one, tenants take turns. A tenant at whose requests the worker died works alone for a while. */
import { MaestroError } from "../../../proto/errors.ts";
import { FairLine } from "../../platform/pool/fair-line.ts";
import { Blame, type BlameLimits } from "./blame.ts";

export const PRIORITY = 5;

interface Waiting {
  readonly go: () => void;
  readonly fail: (error: MaestroError) => void;
}

export class PlaceLine {
  readonly #places: number;
  readonly #line_max: number;
  /** In line, then it is given up: what is promised for it is charged in the end. */
  readonly #wait_ms_max: number;
  readonly #now_ms: () => number;
  readonly #blame: Blame;
  readonly #lines = new Map<number, FairLine<Waiting>>();
  /** Places by the tenant that has them. */
  readonly #held = new Map<string, number>();
  #taken = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(places: number, line_max: number, wait_ms_max: number, blame: BlameLimits, now_ms: () => number = () => performance.now()) {
    this.#places = places;
    this.#line_max = line_max;
    this.#wait_ms_max = wait_ms_max;
    this.#blame = new Blame(blame);
    this.#now_ms = now_ms;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return [...this.#lines.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether it has to work alone, and so asks for a place for whatever it asks. */
  alone(tenant: string): boolean {
    return this.#blame.alone(tenant, this.#now_ms());
  }

  /** Resolves with a place, which is given back once. Throws `models.busy` where the line is full or nobody's turn comes in time, `request.cancelled` on abort. */
  async enter(tenant: string, priority: number, signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) throw cancelled(signal);
    await this.#wait(tenant, priority, signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
      const left = (this.#held.get(tenant) ?? 1) - 1;
      if (left === 0) this.#held.delete(tenant);
      else this.#held.set(tenant, left);
      this.#fill();
    };
  }

  /** The worker died, and everybody who has a place lost what was under way; `more` had something under way without one. */
  died(more: readonly string[] = []): void {
    this.#blame.died([...this.#held.keys(), ...more], this.#now_ms());
  }

  /** Everybody who waits is told. */
  clear(error: MaestroError): void {
    clearTimeout(this.#again);
    for (const line of this.#lines.values()) for (const { fail } of line.clear()) fail(error);
  }

  async #wait(tenant: string, priority: number, signal?: AbortSignal): Promise<void> {
    if (this.waiting >= this.#line_max) this.#makeRoom(tenant, priority);
    const line = this.#lines.get(priority) ?? new FairLine<Waiting>();
    this.#lines.set(priority, line);
    const granted = Promise.withResolvers<void>();
    const waiting: Waiting = { go: granted.resolve, fail: granted.reject };
    const leave = (error: MaestroError): void => {
      if (!line.remove(tenant, waiting)) return;
      granted.reject(error);
      // It may have been the one that had to work alone, and that everybody waited for.
      this.#fill();
    };
    const aborted = (): void => leave(cancelled(signal));
    const timer = setTimeout(() => leave(new MaestroError("models.busy", `no turn came for ${this.#wait_ms_max} ms`)), this.#wait_ms_max);
    line.push(tenant, waiting);
    signal?.addEventListener("abort", aborted, { once: true });
    this.#fill();
    try {
      await granted.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    }
  }

  /** One tenant's hundred in line leave room for another's first: the last of whoever has most goes, of the lowest priority first. */
  #makeRoom(tenant: string, priority: number): void {
    const busy = new MaestroError("models.busy", `${this.#line_max} requests wait for this model`);
    const own = [...this.#lines.values()].reduce((sum, line) => sum + line.of(tenant), 0);
    for (const [at, line] of [...this.#lines].sort(([a], [b]) => a - b)) {
      const last = at > priority ? undefined : line.popLongest(tenant, own);
      if (last === undefined) continue;
      last.fail(busy);
      return;
    }
    throw busy;
  }

  #fill(): void {
    while (this.#taken < this.#places) {
      const next = this.#next();
      if (next === undefined) return;
      this.#taken += 1;
      this.#held.set(next.key, (this.#held.get(next.key) ?? 0) + 1);
      next.item.go();
    }
  }

  #next(): { readonly key: string; readonly item: Waiting } | undefined {
    const now_ms = this.#now_ms();
    let soonest = 0;
    // Whose turn it is may have to wait until everybody else is done; nobody passes it meanwhile, or it would wait for ever.
    let stopped = false;
    const may = (tenant: string): boolean => {
      const until_ms = stopped ? 0 : this.#blame.waitsUntil(tenant, now_ms);
      if (until_ms > 0) soonest = soonest === 0 ? until_ms : Math.min(soonest, until_ms);
      if (stopped || until_ms > 0) return false;
      stopped = !this.#blame.fits(tenant, this.#held.keys(), now_ms);
      return !stopped;
    };
    for (const priority of [...this.#lines.keys()].sort((a, b) => b - a)) {
      const next = this.#lines.get(priority)?.shift(may);
      if (next !== undefined) return next;
    }
    if (soonest > 0) this.#fillAt(soonest - now_ms);
    return undefined;
  }

  #fillAt(in_ms: number): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#fill(), in_ms + 1);
    this.#again.unref();
  }
}

function cancelled(signal: AbortSignal | undefined): MaestroError {
  return new MaestroError("request.cancelled", "stopped waiting for the model", { cause: signal?.reason });
}
