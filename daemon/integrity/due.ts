/** Which records of gates are past their time. */
import type { Retention, RetentionClass } from "../../proto/retention.ts";
import type { Store } from "../store/db.ts";
import { artifactName, EVIDENCE_DONE, type Gates, PERSONAL_DONE } from "../store/gates.ts";
import type { Tombstones } from "../store/tombstones.ts";
import { type Leaving, madeAt } from "./burials.ts";
import type { Holding } from "./holding.ts";

export type GateClass = Extract<RetentionClass, "evidence" | "personal">;

export interface DueDeps {
  readonly store: Pick<Store, "atomic">;
  readonly gates: Gates;
  readonly tombstones: Pick<Tombstones, "get">;
  readonly retention: Retention;
  readonly holding: Pick<Holding, "isHeld">;
  readonly now_s: () => number;
}

const DAY_S = 86_400;
/** Gates of one transaction: short enough that nobody waits. */
export const BATCH = 32;
/** By class: the floor below which every row has been looked at. */
const DONE: Readonly<Record<GateClass, string>> = { evidence: EVIDENCE_DONE, personal: PERSONAL_DONE };

export class DueGates {
  constructor(private readonly deps: DueDeps) {}

  /** What was made no later is due; null where that class is kept for ever. */
  cutoff(of: GateClass): number | null {
    const days = this.deps.retention[`${of}_days`];
    return days === 0 ? null : this.deps.now_s() - days * DAY_S;
  }

  /** Records that are due; `seen.next` is from where to look the next time. Rows stand in the order of time, except after a repair: then all of them are looked at once. */
  *of(of: GateClass, seen = { next: 0 }): Generator<Leaving, void> {
    const { gates, holding, tombstones } = this.deps;
    const cutoff = this.cutoff(of);
    if (cutoff === null) return;
    const done = gates.floors.next(DONE[of]);
    const whole = done === 0;
    let first_kept: number | null = null;
    let place = whole ? -1 : done - 2;
    for (let rows = gates.after(place, BATCH); rows.length > 0; rows = gates.after(place, BATCH)) {
      for (const each of rows) {
        place = each.place;
        const { gate_id, attempt } = each.row;
        if (madeAt(each.row) > cutoff) {
          first_kept ??= place;
          if (!whole) return void (seen.next = first_kept + 1);
        } else if (!holding.isHeld(gate_id) && (of === "evidence" || tombstones.get(artifactName(gate_id, attempt.attempt), of) === undefined)) yield each;
      }
    }
    seen.next = (first_kept ?? place + 1) + 1;
  }

  /** The next look begins at `next`. */
  lookedUpTo(of: GateClass, next: number): void {
    const { store, gates } = this.deps;
    if (next > gates.floors.next(DONE[of])) store.atomic(() => gates.floors.raise(DONE[of], next));
  }
}
