/** Expiry by the clock, one thing at a time: a snapshot never sees a record half gone, and none holds what is past its time. */
import { MaestroError } from "../../proto/errors.ts";
import { CLASS_TEXT, RETENTION_CLASSES, type Retention, type RetentionClass, type RetentionReply } from "../../proto/retention.ts";
import type { Gates } from "../store/gates.ts";
import type { Holds, Tombstones } from "../store/tombstones.ts";
import { timestampOf } from "../verifier/time.ts";
import type { Expiry } from "./expiry.ts";

export interface KeepingDeps {
  readonly expiry: Expiry;
  readonly retention: Retention;
  readonly gates: Pick<Gates, "count">;
  readonly tombstones: Pick<Tombstones, "count" | "counts">;
  readonly holds: Pick<Holds, "count">;
  readonly monotonic_ms: () => number;
  readonly warn: (what: string, error: unknown) => void;
}

const SWEEP_MS = 3_600_000;

export class Keeping {
  private running: Promise<unknown> = Promise.resolve();
  private timer: ReturnType<typeof setInterval> | undefined;
  private swept_ms = 0;
  /** As the last sweep left it: whoever reads metrics must not read the records. */
  private overdue = 0;

  constructor(private readonly deps: KeepingDeps) {}

  /** Before anything is served. A full disk or a damaged row must not keep the daemon from saying so: what is due stays then, no export leaves, and metrics count it. */
  start(): Promise<void> {
    return this.sweepWith(() => this.deps.expiry.start());
  }

  /** For a daemon that stays. */
  run(): void {
    this.timer = setInterval(() => void this.sweep(), SWEEP_MS);
    this.timer.unref();
  }

  /** For one that ends when idle: after a gate, now and then. */
  worked(): void {
    if (this.deps.monotonic_ms() - this.swept_ms >= SWEEP_MS) void this.sweep();
  }

  sweep(): Promise<void> {
    return this.sweepWith(() => this.deps.expiry.sweep());
  }

  private sweepWith(work: () => Promise<void>): Promise<void> {
    this.swept_ms = this.deps.monotonic_ms();
    return this.alone(async () => {
      try {
        await work();
        this.overdue = this.deps.expiry.overdue();
      } catch (error) {
        if (!(error instanceof MaestroError)) throw error;
        this.overdue = Math.max(1, this.overdue);
        this.deps.warn("records past their time are still here", error);
      }
    });
  }

  /** After whatever of this kind runs already. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.running.then(work, work);
    this.running = next.catch(() => undefined);
    return next;
  }

  /** Throws `retention.refused` where something past its time could not be removed: an export would carry it off. */
  exporting<T>(work: () => Promise<T>): Promise<T> {
    return this.alone(async () => {
      await this.deps.expiry.sweep();
      const overdue = this.deps.expiry.overdue();
      if (overdue > 0) throw new MaestroError("retention.refused", `${overdue} record(s) are past their time and could not be removed`);
      return work();
    });
  }

  forget(gate_id: string): Promise<number> {
    return this.alone(() => this.deps.expiry.forget(gate_id));
  }

  /** `null` lets go, and what is due goes at once. */
  async hold(gate_id: string, reason: string | null): Promise<void> {
    await this.alone(() => this.deps.expiry.hold(gate_id, reason));
    if (reason === null) await this.sweep();
  }

  counts(): { readonly tombstones: ReadonlyMap<RetentionClass, number>; readonly overdue: number; readonly holds: number } {
    return { tombstones: this.deps.tombstones.counts(), overdue: this.overdue, holds: this.deps.holds.count() };
  }

  reply(): RetentionReply {
    const { retention, tombstones, holds, expiry } = this.deps;
    const classes = RETENTION_CLASSES.map((of) => {
      const { holds: what, setting } = CLASS_TEXT[of];
      return { class: of, holds: what, days: setting === null ? null : retention[setting], setting: setting === null ? null : `retention.${setting}` };
    });
    return { classes, tombstones: tombstones.count(), holds: holds.count(), overdue: this.overdue, last_sweep: expiry.last_sweep_s === null ? null : timestampOf(expiry.last_sweep_s) };
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }
}
