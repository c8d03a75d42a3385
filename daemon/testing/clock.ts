import type { Clock } from "../platform/clock.ts";

/** A clock that stands still until it is told. Both hands can be moved apart, as a corrected host clock does. */
export class FakeClock implements Clock {
  #wall_ms: number;
  #monotonic_ms = 0;
  #boot_id = "boot";

  /** Starts at 2026-01-01 00:00:00 UTC unless told otherwise. */
  constructor(wall_ms = 1_767_225_600_000) {
    this.#wall_ms = wall_ms;
  }

  now_ms(): number {
    return this.#wall_ms;
  }

  monotonic_ms(): number {
    return this.#monotonic_ms;
  }

  boottime_ms(): number {
    return this.#monotonic_ms;
  }

  boot_id(): string {
    return this.#boot_id;
  }

  /** The machine starts again: the wall clock goes on, time since boot begins anew. */
  reboot(): void {
    this.#boot_id = `${this.#boot_id}+`;
    this.#monotonic_ms = 0;
  }

  /** Lets time pass. Requires ms >= 0. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time cannot pass by ${ms} ms`);
    this.#wall_ms += ms;
    this.#monotonic_ms += ms;
  }

  /** Sets the wall clock, forwards or back, while no time passes. */
  setWall(wall_ms: number): void {
    this.#wall_ms = wall_ms;
  }
}
