/** Who waits for a model: the higher priority first; within one, tenants take turns. */
import { MaestroError } from "../../../proto/errors.ts";
import { FairLine } from "../../platform/pool/fair-line.ts";

export const PRIORITY = 5;

interface Waiting {
  readonly go: () => void;
  readonly fail: (error: MaestroError) => void;
}

export class PlaceLine {
  readonly #places: number;
  readonly #line_max: number;
  readonly #lines = new Map<number, FairLine<Waiting>>();
  #taken = 0;

  constructor(places: number, line_max: number) {
    this.#places = places;
    this.#line_max = line_max;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return [...this.#lines.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Resolves with a place, which is given back once. Throws `models.busy` where the line is full, `request.cancelled` on abort. */
  async enter(tenant: string, priority: number, signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) throw cancelled(signal);
    if (this.#taken >= this.#places || this.waiting > 0) await this.#wait(tenant, priority, signal);
    else this.#taken += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      // A place goes from hand to hand, so nobody who comes meanwhile takes it.
      const next = this.#next();
      if (next === undefined) this.#taken -= 1;
      else next.go();
    };
  }

  /** Everybody who waits is told. */
  clear(error: MaestroError): void {
    for (const line of this.#lines.values()) for (const { fail } of line.clear()) fail(error);
  }

  async #wait(tenant: string, priority: number, signal?: AbortSignal): Promise<void> {
    if (this.waiting >= this.#line_max) throw new MaestroError("models.busy", `${this.#line_max} requests wait for this model`);
    const line = this.#lines.get(priority) ?? new FairLine<Waiting>();
    this.#lines.set(priority, line);
    const granted = Promise.withResolvers<void>();
    const waiting: Waiting = { go: granted.resolve, fail: granted.reject };
    const leave = (): void => {
      if (line.remove(tenant, waiting)) granted.reject(cancelled(signal));
    };
    line.push(tenant, waiting);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await granted.promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  #next(): Waiting | undefined {
    for (const priority of [...this.#lines.keys()].sort((a, b) => b - a)) {
      const next = this.#lines.get(priority)?.shift();
      if (next !== undefined) return next.item;
    }
    return undefined;
  }
}

function cancelled(signal: AbortSignal | undefined): MaestroError {
  return new MaestroError("request.cancelled", "stopped waiting for the model", { cause: signal?.reason });
}
