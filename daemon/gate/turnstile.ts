import { MaestroError } from "../../proto/errors.ts";
import { FairLine } from "../platform/pool/fair-line.ts";
import { Shares } from "../platform/pool/shares.ts";

interface Place {
  readonly enter: () => void;
  readonly refuse: (why: MaestroError) => void;
}

/**
 * Lets `inside_max` through at once and keeps at most `waiting_max` in line. Tenants take turns; a tenant that has nobody
 * inside does not wait for others to come out (see `Shares`), and one that has most in line gives way when the line is full.
 */
export class Turnstile {
  private readonly shares: Shares;
  private readonly line = new FairLine<Place>();

  constructor(
    private readonly inside_max: number,
    private readonly waiting_max: number,
  ) {
    this.shares = new Shares(inside_max);
  }

  get inside(): number {
    return this.shares.total;
  }

  get waiting(): number {
    return this.line.size;
  }

  /** Rejects with `request.busy` when the line is full or the place in it went to another tenant, `request.cancelled` when the caller leaves it. */
  async pass<T>(work: () => Promise<T>, signal: AbortSignal, tenant = ""): Promise<T> {
    await this.enter(tenant, signal);
    try {
      return await work();
    } finally {
      this.shares.give(tenant);
      this.advance();
    }
  }

  private advance(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      // A place goes straight to the next in line, so nobody slips in between.
      this.shares.take(next.key);
      next.item.enter();
    }
  }

  private next(): ReturnType<FairLine<Place>["shift"]> {
    return this.line.shift((key) => this.shares.admits(key));
  }

  private async enter(tenant: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new MaestroError("request.cancelled", "left before its turn");
    if (this.shares.admits(tenant)) {
      this.shares.take(tenant);
      return;
    }
    if (this.line.size >= this.waiting_max) this.makeRoom(tenant);
    const turn = Promise.withResolvers<void>();
    const place: Place = { enter: turn.resolve, refuse: turn.reject };
    const leave = (): void => {
      if (this.line.remove(tenant, place)) turn.reject(new MaestroError("request.cancelled", "left while in line"));
    };
    this.line.push(tenant, place);
    signal.addEventListener("abort", leave, { once: true });
    await turn.promise.finally(() => signal.removeEventListener("abort", leave));
  }

  /** One tenant's flood fills the line only as long as nobody else wants a place in it. */
  private makeRoom(tenant: string): void {
    const displaced = this.line.popLongest(tenant);
    if (displaced === undefined) throw this.full();
    displaced.refuse(this.full());
  }

  private full(): MaestroError {
    return new MaestroError("request.busy", `${this.inside_max} at work and ${this.waiting_max} in line`);
  }
}
