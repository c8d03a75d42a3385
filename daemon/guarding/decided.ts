/** Tells rules about changes of each gate that was decided, once it is on record: they stop nothing, and what does not hold is said. */
import type { CardRow } from "../../proto/cards.ts";
import { CHANGE_DECIDED, changeDecided } from "../../proto/change-decided.ts";
import type { Guards } from "./guards.ts";

export interface DecidedDeps {
  readonly guards: Pick<Guards, "live" | "tell">;
  /** The row of an attempt on record; null where there is none. */
  readonly rowOf: (gate_id: string, attempt: number) => CardRow | null;
  readonly warn: (what: string, error: unknown) => void;
}

/** Throws nothing: the verdict stands, whatever a rule says of it. */
export function tellDecided({ guards, rowOf, warn }: DecidedDeps): (gate_id: string, attempt: number) => void {
  return (gate_id, attempt) => {
    // Where no rule is about changes, no row is read.
    if (!guards.live(CHANGE_DECIDED)) return;
    try {
      const row = rowOf(gate_id, attempt);
      if (row === null) return;
      for (const { id, message } of guards.tell(CHANGE_DECIDED, changeDecided(row))) warn("an invariant does not hold of a change that was decided; the decision stands", { invariant: id, message, gate_id, attempt });
    } catch (error) {
      warn("rules about a change that was decided could not be asked", error);
    }
  };
}
