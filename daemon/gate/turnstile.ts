import { MaestroError } from "../../proto/errors.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import { acted, type Seen } from "../platform/actions/index.ts";
import { FairLine } from "../platform/pool/fair-line.ts";
import { Shares } from "../platform/pool/shares.ts";

interface Place {
  readonly job: number;
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
  /** Who came, by number; said of a recorded run alone. */
  private jobs = 0;

  constructor(
    private readonly inside_max: number,
    private readonly waiting_max: number,
    private readonly act?: ActionGuard,
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
    const job = this.jobs++;
    await this.enter(tenant, job, signal);
    try {
      return await work();
    } finally {
      this.shares.give(tenant);
      this.advance();
      acted?.("Turnstile", this, "Finish", this.seen(tenant, job));
      this.act?.("place_given_back", { inside: this.inside, places: this.inside_max, waiting: this.waiting, could_enter: this.line.keys().filter((key) => this.shares.admits(key)).length });
    }
  }

  /** A place that must not be had is not kept. Throws `invariant.violated`. */
  private take(tenant: string): void {
    this.shares.take(tenant);
    try {
      this.act?.("place_taken", { inside: this.inside, places: this.inside_max, own: this.shares.held(tenant), waiting: this.waiting, waiting_max: this.waiting_max });
    } catch (error) {
      this.shares.give(tenant);
      throw error;
    }
  }

  private advance(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      // A place goes straight to the next in line, so nobody slips in between.
      try {
        this.take(next.key);
      } catch (error) {
        if (!(error instanceof MaestroError)) throw error;
        next.item.refuse(error);
        continue;
      }
      next.item.enter();
    }
  }

  private next(): ReturnType<FairLine<Place>["shift"]> {
    return this.line.shift((key) => this.shares.admits(key));
  }

  /** For a recorded run. */
  private seen(tenant: string, job: number): Seen {
    return { tenant, job, inside: this.inside, waiting: this.waiting, turns: this.line.keys(), places: this.inside_max, waiting_max: this.waiting_max };
  }

  private async enter(tenant: string, job: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new MaestroError("request.cancelled", "left before its turn");
    if (this.shares.admits(tenant)) {
      this.take(tenant);
      acted?.("Turnstile", this, "Come", this.seen(tenant, job));
      return;
    }
    const displaced = this.line.size >= this.waiting_max ? this.makeRoom(tenant, job) : null;
    const turn = Promise.withResolvers<void>();
    const place: Place = { job, enter: turn.resolve, refuse: turn.reject };
    const leave = (): void => {
      if (!this.line.remove(tenant, place)) return;
      acted?.("Turnstile", this, "Leave", this.seen(tenant, job));
      turn.reject(new MaestroError("request.cancelled", "left while in line"));
    };
    this.line.push(tenant, place);
    acted?.("Turnstile", this, "Come", { ...this.seen(tenant, job), displaced });
    signal.addEventListener("abort", leave, { once: true });
    await turn.promise.finally(() => signal.removeEventListener("abort", leave));
  }

  /** One tenant's flood fills the line only as long as nobody else wants a place in it. */
  private makeRoom(tenant: string, job: number): number {
    const displaced = this.line.popLongest(tenant);
    if (displaced === undefined) {
      acted?.("Turnstile", this, "Refuse", this.seen(tenant, job));
      throw this.full();
    }
    displaced.refuse(this.full());
    return displaced.job;
  }

  private full(): MaestroError {
    return new MaestroError("request.busy", `${this.inside_max} at work and ${this.waiting_max} in line`);
  }
}
