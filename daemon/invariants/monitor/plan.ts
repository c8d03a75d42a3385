/** A typed formula made ready to be asked of one event after the other; shared by all instances of a monitor. */
import type { TemporalClause } from "../document/clauses.ts";
import { predicate, type Predicate } from "../evaluate/predicate.ts";
import type { TypedFormula } from "../types/formula.ts";

type Unplaced =
  | { readonly form: "holds"; readonly ask: Predicate }
  | { readonly form: "event"; readonly event: string; readonly where: Predicate | null }
  | { readonly form: "not"; readonly body: Step }
  | { readonly form: "and" | "or"; readonly left: Step; readonly right: Step }
  | { readonly form: "eventually"; readonly body: Step; readonly within_ms: number }
  /** `slot`: its place among the forms that look back. */
  | { readonly form: "once"; readonly body: Step; readonly window_ms: number; readonly slot: number };
/** `id`: its place among the formulas of a clause; obligations name it. */
export type Step = Unplaced & { readonly id: number };

/** What is asked at the outside: `everywhere` of each event anew, the other two of an instance's first event. */
export type Outer = { readonly form: "everywhere"; readonly body: Step } | { readonly form: "eventually"; readonly body: Step; readonly within_ms: number } | { readonly form: "until"; readonly left: Step; readonly right: Step; readonly within_ms: number | null };

export interface Counted {
  readonly event: string;
  readonly where: Predicate | null;
  readonly window_ms: number;
}

export interface Plan {
  readonly clause: TemporalClause;
  readonly outer: Outer;
  readonly steps: readonly Step[];
  readonly counts: readonly Counted[];
  readonly slots: number;
  /** How far back it looks: what happened longer ago changes no verdict. */
  readonly past_ms: number;
}

class Planner {
  readonly steps: Step[] = [];
  slots = 0;

  private keep(step: Unplaced): Step {
    const placed: Step = { ...step, id: this.steps.length };
    this.steps.push(placed);
    return placed;
  }

  step(formula: TypedFormula): Step {
    switch (formula.form) {
      case "holds":
        return this.keep({ form: "holds", ask: predicate(formula.node) });
      case "event":
        return this.keep({ form: "event", event: formula.event, where: formula.where === null ? null : predicate(formula.where) });
      case "not":
        return this.keep({ form: "not", body: this.step(formula.body) });
      case "and":
      case "or":
        return this.keep({ form: formula.form, left: this.step(formula.left), right: this.step(formula.right) });
      case "eventually":
        return this.eventually(formula.body, formula.within_ms);
      case "once":
        return this.keep({ form: "once", body: this.step(formula.body), window_ms: formula.window_ms, slot: this.slots++ });
      default:
        // The grammar has them outermost alone.
        throw new TypeError(`${formula.form} stands inside another form`);
    }
  }

  private eventually(body: TypedFormula, within_ms: number | null): Step {
    return this.keep({ form: "eventually", body: this.step(body), within_ms: within_ms ?? Infinity });
  }

  outer(formula: TypedFormula): Outer {
    switch (formula.form) {
      case "always":
        return { form: "everywhere", body: this.step(formula.body) };
      case "never":
        return { form: "everywhere", body: this.keep({ form: "not", body: this.step(formula.body) }) };
      case "leads_to":
        return { form: "everywhere", body: this.keep({ form: "or", left: this.keep({ form: "not", body: this.step(formula.left) }), right: this.eventually(formula.right, formula.within_ms) }) };
      case "until":
        return { form: "until", left: this.step(formula.left), right: this.step(formula.right), within_ms: formula.within_ms };
      case "eventually":
        return { form: "eventually", body: this.step(formula.body), within_ms: formula.within_ms ?? Infinity };
      default:
        return { form: "everywhere", body: this.step(formula) };
    }
  }
}

/** Windows within windows add up. */
function reach(step: Step): number {
  switch (step.form) {
    case "holds":
    case "event":
      return 0;
    case "and":
    case "or":
      return Math.max(reach(step.left), reach(step.right));
    case "once":
      return step.window_ms + reach(step.body);
    default:
      return reach(step.body);
  }
}

/** Of a clause that is not for the model checker alone. */
export function planOf(clause: TemporalClause): Plan {
  const planner = new Planner();
  const outer = planner.outer(clause.formula);
  const counts = clause.counts.map(({ event, where, window_ms }) => ({ event, where: where === null ? null : predicate(where), window_ms }));
  const looked = outer.form === "until" ? Math.max(reach(outer.left), reach(outer.right)) : reach(outer.body);
  return { clause, outer, steps: planner.steps, counts, slots: planner.slots, past_ms: looked + Math.max(0, ...counts.map(({ window_ms }) => window_ms)) };
}
