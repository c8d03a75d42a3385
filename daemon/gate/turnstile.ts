import { MaestroError } from "../../proto/errors.ts";

/** Lets `inside_max` through at once and keeps at most `waiting_max` in line, first come first served. */
export class Turnstile {
  private inside_now = 0;
  private readonly line: (() => void)[] = [];

  constructor(
    private readonly inside_max: number,
    private readonly waiting_max: number,
  ) {}

  get inside(): number {
    return this.inside_now;
  }

  get waiting(): number {
    return this.line.length;
  }

  /** Rejects with `request.busy` when the line is full, `request.cancelled` when the caller leaves it. */
  async pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.enter(signal);
    try {
      return await work();
    } finally {
      const next = this.line.shift();
      // A place goes straight to the next in line, so nobody slips in between.
      if (next === undefined) this.inside_now--;
      else next();
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new MaestroError("request.cancelled", "left before its turn");
    if (this.inside_now < this.inside_max) {
      this.inside_now++;
      return;
    }
    if (this.line.length >= this.waiting_max) throw new MaestroError("request.busy", `${this.inside_max} at work and ${this.waiting_max} in line`);
    const turn = Promise.withResolvers<void>();
    const leave = () => {
      const place = this.line.indexOf(turn.resolve);
      if (place < 0) return;
      this.line.splice(place, 1);
      turn.reject(new MaestroError("request.cancelled", "left while in line"));
    };
    this.line.push(turn.resolve);
    signal.addEventListener("abort", leave, { once: true });
    await turn.promise.finally(() => signal.removeEventListener("abort", leave));
  }
}
