/**
 * Tells the service manager that the daemon can still do its work, after trying
 * it: a turn of the event loop in time, and a read of the store. A daemon that
 * hangs, or whose store does not answer, says nothing and is restarted.
 */
import type { Clock } from "../platform/clock.ts";

export interface WatchdogDeps {
  /** The manager's patience; half of it passes between two signs of life. */
  readonly watchdog_ms: number;
  /** One turn of the event loop may take this long. */
  readonly turn_ms_max: number;
  readonly clock: Pick<Clock, "monotonic_ms">;
  /** Throws what keeps the daemon from working. */
  readonly probe: () => void | Promise<void>;
  readonly alive: () => void;
  /** Why no sign of life was given. */
  readonly withheld: (because: string, error?: unknown) => void;
}

/** After a sign was withheld the next try comes soon: the fault may be over before the manager's patience is. */
const RETRY_SHARE = 0.1;

export class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  /** The last turn that was measured. */
  turn_ms = 0;

  constructor(private readonly deps: WatchdogDeps) {}

  start(): void {
    this.next(this.deps.watchdog_ms / 2);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private next(after_ms: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.tick(), after_ms);
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    const { watchdog_ms, alive } = this.deps;
    const well = await this.well();
    if (this.stopped) return;
    if (well) alive();
    this.next(well ? watchdog_ms / 2 : watchdog_ms * RETRY_SHARE);
  }

  private async well(): Promise<boolean> {
    const { clock, turn_ms_max, probe, withheld } = this.deps;
    const started_ms = clock.monotonic_ms();
    // What waits in the loop runs first: this comes back after one whole turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.turn_ms = clock.monotonic_ms() - started_ms;
    if (this.turn_ms > turn_ms_max) {
      withheld(`a turn of the event loop took ${Math.round(this.turn_ms)} ms, at most ${turn_ms_max} are allowed`);
      return false;
    }
    try {
      await probe();
      return true;
    } catch (error) {
      withheld("the store did not answer", error);
      return false;
    }
  }
}
