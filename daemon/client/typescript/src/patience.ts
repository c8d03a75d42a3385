/** How long to go on asking a daemon that does not answer yet. */
import { setTimeout as sleep } from "node:timers/promises";

/** A killed daemon's socket refuses like one that is just starting: it is not waited for as long as a full one. */
const ABSENT_MS = 150;
const FIRST_PAUSE_MS = 5;
const PAUSE_MS_MAX = 1_000;

export class Patience {
  private readonly ends: { readonly busy: number; readonly absent: number };
  private pause_ms = FIRST_PAUSE_MS;
  private cuts = 0;

  constructor(patience_ms: number) {
    const now = performance.now();
    this.ends = { busy: now + patience_ms, absent: now + Math.min(ABSENT_MS, patience_ms) };
  }

  /** How often the connection had been cut before this time. */
  cutOff(): number {
    return this.cuts++;
  }

  /** Waits a random, growing pause on top of what the daemon asked for; `false` at once when it is not worth it any more. */
  async wait(why: "busy" | "absent", asked_ms = 0, signal?: AbortSignal): Promise<boolean> {
    // Jitter keeps a crowd that was refused together from coming back together.
    const pause_ms = asked_ms + this.pause_ms * (0.5 + Math.random());
    if (performance.now() + pause_ms > this.ends[why]) return false;
    await sleep(pause_ms, undefined, signal === undefined ? {} : { signal });
    this.pause_ms = Math.min(this.pause_ms * 2, PAUSE_MS_MAX);
    return true;
  }
}
