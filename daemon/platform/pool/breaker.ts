import type { WorkerLimits } from "../../../proto/config.ts";

export type BreakerLimits = Pick<WorkerLimits, "breaker_deaths_max" | "breaker_window_ms" | "breaker_open_ms" | "breaker_open_ms_max">;
export type BreakerState = "closed" | "open" | "half_open";
/** One caller's way past a breaker. Only who holds the turn of trying answers for it; every turn is another object. */
export type Turn = symbol;

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
  /** The turn that tries, half open. */
  #trying: Turn | null = null;
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

  /** Why no start may be made, or `null`. Asking changes nothing. */
  refusal(now_ms: number): string | null {
    const state = this.state(now_ms);
    if (state === "closed" || (state === "half_open" && this.#trying === null)) return null;
    const wait_ms = Math.max(0, Math.ceil((this.#open_until_ms ?? now_ms) - now_ms));
    return `check processes died again and again, the last one: ${this.#last}; ${wait_ms > 0 ? `the next try is in ${wait_ms} ms` : "one is being tried"}`;
  }

  /** One more caller, who was not refused. Half open, it is the one that tries, and the rest wait for what it says. */
  enter(now_ms: number): Turn {
    const turn = Symbol("turn");
    if (this.state(now_ms) === "half_open") this.#trying = turn;
    return turn;
  }

  worked(turn: Turn): void {
    if (this.#trying !== turn) return;
    this.#trying = null;
    this.#open_until_ms = null;
    this.#open_ms = this.#limits.breaker_open_ms;
    this.#deaths_ms = [];
  }

  /** If it was the one that tried, it ended without an answer either way. */
  left(turn: Turn): void {
    if (this.#trying === turn) this.#trying = null;
  }

  /** A death of an older turn says nothing of the one that tries. */
  died(turn: Turn, now_ms: number, why: string): void {
    const { breaker_deaths_max, breaker_window_ms, breaker_open_ms_max } = this.#limits;
    this.#last = why;
    this.#deaths_ms = [...this.#deaths_ms.filter((at) => at > now_ms - breaker_window_ms), now_ms];
    const tried = this.#trying === turn;
    if (!tried && (this.#open_until_ms !== null || this.#deaths_ms.length < breaker_deaths_max)) return;
    if (tried) this.#open_ms = Math.min(2 * this.#open_ms, breaker_open_ms_max);
    this.#trying = null;
    this.#open_until_ms = now_ms + this.#open_ms;
  }
}
