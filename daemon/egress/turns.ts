/** One fetch of a row at a time, as a copy takes one; those who wait take turns by tenant. */
import { MaestroError } from "../../proto/errors.ts";
import { FairLine } from "../platform/pool/fair-line.ts";

interface Row {
  readonly line: FairLine<() => void>;
}

export class Turns {
  /** Rows with a fetch under way. */
  readonly #rows = new Map<string, Row>();

  /** Rejects with `request.cancelled` for who leaves before its turn; who leaves later ends its own work. */
  async pass<T>(row: string, tenant: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(row, tenant, signal);
    try {
      return await work();
    } finally {
      this.#next(row);
    }
  }

  async #enter(name: string, tenant: string, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw left();
    const row = this.#rows.get(name);
    if (row === undefined) {
      this.#rows.set(name, { line: new FairLine() });
      return;
    }
    const turn = Promise.withResolvers<void>();
    const leave = (): void => {
      if (row.line.remove(tenant, turn.resolve)) turn.reject(left());
    };
    row.line.push(tenant, turn.resolve);
    signal?.addEventListener("abort", leave, { once: true });
    await turn.promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  #next(name: string): void {
    const next = this.#rows.get(name)?.line.shift();
    if (next === undefined) this.#rows.delete(name);
    else next.item();
  }
}

const left = (): MaestroError => new MaestroError("request.cancelled", "the caller left before its turn");
