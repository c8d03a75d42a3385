import type { WorkerLimits } from "../../../proto/config.ts";

export type BreakerLimits = Pick<WorkerLimits, "breaker_deaths_max" | "breaker_window_ms" | "breaker_open_ms" | "breaker_open_ms_max">;
export type BreakerState = "closed" | "open" | "half_open";

/**
 * Stops a crash loop. `breaker_deaths_max` deaths within `breaker_window_ms` open it: nothing is started for
 * `breaker_open_ms`, then one caller may try. If that works it closes; if it dies too, it opens for twice as long.
 * Times are monotonic milliseconds that the caller hands in.
 */
export class Breaker {
  readonly #limits: BreakerLimits;
  /** When the deaths of the current window happened, oldest first. */
  #deaths_ms: number[] = [];
  #open_until_ms: number | null = null;
  #open_ms: number;
  #trying = false;
  #last = "";

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
    this.#open_ms = limits.breaker_open_ms;
  }

  state(now_ms: number): BreakerState {
    if (this.#open_until_ms === null) return "closed";
    return now_ms < this.#open_until_ms ? "open" : "half_open";
  }

  /** Nothing to remember: as good as new. */
  quiet(now_ms: number): boolean {
    return this.#open_until_ms === null && !this.#deaths_ms.some((at) => at > now_ms - this.#limits.breaker_window_ms);
  }

  /** `null` when a start may be made; else why not. Half open, one caller gets `null` and the rest wait for what it says. */
  refusal(now_ms: number): string | null {
    const state = this.state(now_ms);
    if (state === "closed") return null;
    if (state === "half_open" && !this.#trying) {
      this.#trying = true;
      return null;
    }
    const wait_ms = Math.max(0, Math.ceil((this.#open_until_ms ?? now_ms) - now_ms));
    return `check processes died again and again, the last one: ${this.#last}; ${wait_ms > 0 ? `the next try is in ${wait_ms} ms` : "one is being tried"}`;
  }

  worked(): void {
    if (!this.#trying) return;
    this.#trying = false;
    this.#open_until_ms = null;
    this.#open_ms = this.#limits.breaker_open_ms;
    this.#deaths_ms = [];
  }

  /** The one that tried ended without an answer either way. */
  left(): void {
    this.#trying = false;
  }

  died(now_ms: number, why: string): void {
    const { breaker_deaths_max, breaker_window_ms, breaker_open_ms_max } = this.#limits;
    this.#last = why;
    this.#deaths_ms = [...this.#deaths_ms.filter((at) => at > now_ms - breaker_window_ms), now_ms];
    if (!this.#trying && this.#deaths_ms.length < breaker_deaths_max) return;
    if (!this.#trying && this.#open_until_ms !== null) return;
    if (this.#trying) this.#open_ms = Math.min(2 * this.#open_ms, breaker_open_ms_max);
    this.#trying = false;
    this.#open_until_ms = now_ms + this.#open_ms;
  }
}
