/**
 * The monitors of one space and its time. Events may come up to `reorder_ms` late and are looked at in the order (time, source, seq);
 * with 0 or `null` in the order they come. Time is told to it: it has no clock.
 */
import type { Compiled } from "../document/build.ts";
import type { Seen } from "./clause.ts";
import { Monitor, type Finding } from "./monitor.ts";

export interface Arrived extends Seen {
  readonly source: string;
  readonly seq: number;
}

/** What time it is, and how much of it has passed for sure: a wall clock that was set shows as a difference. */
export interface Moment {
  readonly wall_ms: number;
  readonly steady_ms: number;
}

export interface WatchOptions {
  readonly invariants: readonly Compiled[];
  /** `null`: whoever reports also says the order, so an event never comes late; its time is never before the one already looked at. */
  readonly reorder_ms: number | null;
  /** Events that wait for their time. */
  readonly waiting_max: number;
  readonly report: (finding: Finding) => void;
}

/** Slewing moves a clock by less than this between two looks; a step moves it by more. */
const CLOCK_STEP_MS_MAX = 2_000;

const inOrder = (a: Arrived, b: Arrived): number => a.at_ms - b.at_ms || (a.source < b.source ? -1 : a.source > b.source ? 1 : a.seq - b.seq);

export class Watch {
  readonly monitors: readonly Monitor[];
  private readonly waiting: Arrived[] = [];
  /** Everything before this time has been looked at. */
  private decided_ms = -Infinity;
  private last: Moment | null = null;

  constructor(private readonly options: WatchOptions) {
    this.monitors = options.invariants.map((compiled) => new Monitor(compiled, options.report));
  }

  hears(event: string): boolean {
    return this.monitors.some((monitor) => monitor.hears(event));
  }

  /** Whether time alone may still decide something. */
  get busy(): boolean {
    return this.waiting.length > 0 || this.monitors.some((monitor) => monitor.due_ms < Infinity);
  }

  /** Whether anything is remembered, so that a look now and then lets it go. */
  get holding(): boolean {
    return this.monitors.some(({ keys }) => keys > 0);
  }

  /** Whether an event waits for its time that this monitor has yet to see. */
  awaits(monitor: Monitor): boolean {
    return this.waiting.some(({ event }) => monitor.hears(event));
  }

  get room(): number {
    return this.options.waiting_max - this.waiting.length;
  }

  /** Looks at what is due. A clock that was set says so, and every verdict of before that is still open with it. */
  tick(moment: Moment): void {
    const { last } = this;
    this.last = moment;
    if (last !== null && Math.abs(moment.wall_ms - last.wall_ms - (moment.steady_ms - last.steady_ms)) > CLOCK_STEP_MS_MAX) {
      this.forget("clock", moment.wall_ms);
      this.decided_ms = -Infinity;
    }
    this.release(moment.wall_ms - (this.options.reorder_ms ?? 0));
  }

  /** After a `tick` at the same moment. Returns false for one that came too late: of its key nothing can be told. */
  offer(arrived: Arrived): boolean {
    const { reorder_ms } = this.options;
    if (arrived.at_ms < this.decided_ms && reorder_ms !== null) {
      for (const monitor of this.monitors) if (monitor.hears(arrived.event)) monitor.late(arrived, this.decided_ms);
      return false;
    }
    if (reorder_ms === 0 || reorder_ms === null) {
      this.decided_ms = Math.max(arrived.at_ms, this.decided_ms);
      this.look(arrived.at_ms === this.decided_ms ? arrived : { ...arrived, at_ms: this.decided_ms });
      return true;
    }
    // Most come in order, so the place is near the end.
    let place = this.waiting.length;
    while (place > 0 && inOrder(this.waiting[place - 1]!, arrived) > 0) place -= 1;
    this.waiting.splice(place, 0, arrived);
    return true;
  }

  forget(because: "clock" | "lost" | "restart", now_ms: number): void {
    this.waiting.length = 0;
    for (const monitor of this.monitors) monitor.forget(because, now_ms);
  }

  private look(seen: Seen): void {
    for (const monitor of this.monitors) if (monitor.hears(seen.event)) monitor.accept(seen);
  }

  private release(until_ms: number): void {
    if (until_ms <= this.decided_ms) return;
    let count = 0;
    // One at `until_ms` itself may still have company that belongs before it.
    while (count < this.waiting.length && this.waiting[count]!.at_ms < until_ms) this.look(this.waiting[count++]!);
    this.waiting.splice(0, count);
    this.decided_ms = until_ms;
    for (const monitor of this.monitors) {
      monitor.tick(until_ms);
      monitor.flush(until_ms);
    }
  }
}
