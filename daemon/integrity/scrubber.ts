/**
 * Looks at everything again, over and over, at a bounded rate: a bit that flipped is found before somebody needs it. On a host it
 * runs by a timer; a daemon that ends when idle scrubs a slice after each gate, so that it is never woken up for it.
 */
import type { Damage, IntegrityStatus } from "../../proto/damage.ts";
import type { IntegrityLimits } from "../../proto/config.ts";
import type { Clock } from "../platform/clock.ts";
import { timestampOf } from "../verifier/time.ts";
import { damageOf } from "./fsck.ts";
import type { Step } from "./step.ts";

export interface ScrubberDeps {
  /** One pass over everything. */
  readonly walk: () => AsyncIterable<Step>;
  readonly limits: Pick<IntegrityLimits, "scrub_bytes_per_s" | "scrub_interval_ms" | "scrub_slice_bytes">;
  readonly clock: Pick<Clock, "now_ms" | "monotonic_ms">;
  /** Called once for each new damage of a pass. */
  readonly found: (damage: Damage) => void;
}

/** Every step costs as much as reading this many bytes: a million small records are work, too. */
const STEP_BYTES = 512;
const TURN_MS = 10;
const DAMAGE_REMEMBERED = 1_000;

export class Scrubber {
  private steps: AsyncIterator<Step> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends the pause under way. */
  private wake: () => void = () => undefined;
  private running: Promise<unknown> = Promise.resolve();
  private stopped = false;
  private passes = 0;
  private scrubbed_bytes = 0;
  private last_pass_ms: number | null = null;
  /** Found by the start's check or by the pass under way. */
  private current = new Map<string, Damage>();
  /** Found by the last whole pass: damage that was repaired goes with the pass that no longer sees it. */
  private standing = new Map<string, Damage>();

  constructor(private readonly deps: ScrubberDeps) {}

  status(): IntegrityStatus {
    const all = new Map([...this.standing, ...this.current]);
    const [first = null] = all.values();
    return {
      state: all.size === 0 ? "clean" : "damaged",
      passes: this.passes,
      scrubbed_bytes: this.scrubbed_bytes,
      last_pass: this.last_pass_ms === null ? null : timestampOf(this.last_pass_ms / 1000),
      damage_total: all.size,
      first,
    };
  }

  /** What the start's check found stands until a pass over everything did not find it. */
  begin(steps: readonly Step[]): void {
    for (const step of steps) this.look(this.standing, step);
  }

  /** Passes at the bounded rate until `stop`, with a pause in between. */
  run(): void {
    if (this.stopped) return;
    this.running = this.pass();
  }

  /** One slice, for a daemon that only works while it is used. Slices never overlap. */
  slice(): Promise<void> {
    const next = this.running.then(async () => {
      for (let left = this.deps.limits.scrub_slice_bytes; left > 0 && !this.stopped; ) {
        const cost = await this.step();
        if (cost === null) return;
        left -= cost;
      }
    });
    this.running = next;
    return next;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.wake();
    await this.running;
    await this.steps?.return?.();
    this.steps = null;
  }

  private async pass(): Promise<void> {
    const { limits, clock } = this.deps;
    let owed_bytes = 0;
    let turn_ms = clock.monotonic_ms();
    while (!this.stopped) {
      const cost = await this.step();
      if (cost === null) break;
      owed_bytes += cost;
      const now_ms = clock.monotonic_ms();
      if (owed_bytes < limits.scrub_bytes_per_s / 10 && now_ms - turn_ms < TURN_MS) continue;
      // Paid off in full, whatever the reading itself took: the rate is a bound and not a goal.
      await this.pause((owed_bytes / limits.scrub_bytes_per_s) * 1000);
      owed_bytes = 0;
      turn_ms = clock.monotonic_ms();
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => this.run(), limits.scrub_interval_ms);
    this.timer.unref();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      this.timer = setTimeout(resolve, ms);
      this.timer.unref();
    });
  }

  /** What the step cost in bytes; `null` at the end of a pass. */
  private async step(): Promise<number | null> {
    this.steps ??= this.deps.walk()[Symbol.asyncIterator]();
    const { done, value } = await this.steps.next();
    if (done === true) {
      this.steps = null;
      this.passes += 1;
      this.last_pass_ms = this.deps.clock.now_ms();
      this.standing = this.current;
      this.current = new Map();
      return null;
    }
    this.scrubbed_bytes += value.bytes;
    this.look(this.current, value);
    return value.bytes + STEP_BYTES;
  }

  private look(into: Map<string, Damage>, step: Step): void {
    if (step.problem === null || into.size >= DAMAGE_REMEMBERED) return;
    const damage = damageOf(step, step.problem);
    const name = `${damage.area} ${damage.name}`;
    if (!into.has(name) && !this.standing.has(name)) this.deps.found(damage);
    into.set(name, damage);
  }
}
