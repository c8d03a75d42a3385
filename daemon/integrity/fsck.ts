/** Everything at once, with a report. */
import type { Area, Damage } from "../../proto/damage.ts";
import { DAMAGE_MAX, type FsckEvent, type FsckReport } from "../../proto/integrity.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Step } from "./step.ts";

const PROGRESS_MS = 500;
/** Other work gets its turn after so long. */
const TURN_MS = 10;
/** Of `ShortText`. */
const TEXT_MAX = 500;

export const damageOf = ({ area, name }: Step, what: string): Damage => ({ area, name: name.slice(0, TEXT_MAX), what: what.slice(0, TEXT_MAX) });

/** Adds up what was looked at. */
export class Tally {
  private readonly areas = new Map<Area, { items: number; bytes: number }>();
  readonly damage: Damage[] = [];
  damage_total = 0;

  add(step: Step): void {
    const area = this.areas.get(step.area) ?? { items: 0, bytes: 0 };
    this.areas.set(step.area, { items: area.items + 1, bytes: area.bytes + step.bytes });
    if (step.problem === null) return;
    this.damage_total += 1;
    if (this.damage.length < DAMAGE_MAX) this.damage.push(damageOf(step, step.problem));
  }

  get bytes(): number {
    return [...this.areas.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  of(area: Area): { readonly items: number; readonly bytes: number } {
    return this.areas.get(area) ?? { items: 0, bytes: 0 };
  }

  report(duration_ms: number): FsckReport {
    const examined = Array.from(this.areas, ([area, counts]) => ({ area, ...counts }));
    return { examined, damage: this.damage, damage_total: this.damage_total, duration_ms: Math.round(duration_ms) };
  }
}

/** Walks to the end, saying where it is, and lets others work in between. Whoever stops reading stops it. */
export async function* fsck(steps: AsyncIterable<Step>, monotonic_ms: () => number): AsyncGenerator<Exclude<FsckEvent, { event: "failure" }>, void> {
  const tally = new Tally();
  const started_ms = monotonic_ms();
  let said_ms = started_ms;
  let turn_ms = started_ms;
  for await (const step of steps) {
    tally.add(step);
    const now_ms = monotonic_ms();
    if (now_ms - said_ms >= PROGRESS_MS) {
      said_ms = now_ms;
      yield { event: "progress", area: step.area, ...tally.of(step.area) };
    }
    if (now_ms - turn_ms >= TURN_MS) {
      await Bun.sleep(0);
      turn_ms = monotonic_ms();
    }
  }
  yield { event: "report", report: tally.report(monotonic_ms() - started_ms) };
}

/** The report alone. */
export async function fsckReport(steps: AsyncIterable<Step>, monotonic_ms: () => number): Promise<FsckReport> {
  for await (const event of fsck(steps, monotonic_ms)) if (event.event === "report") return event.report;
  throw new MaestroError("internal.bug", "fsck ended without a report");
}
