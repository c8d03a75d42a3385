/**
 * What a formula says of a finite trace, by looking at all of it: the meaning
 * of every temporal form in one place. Examples are judged by it, and a
 * monitor that sees one event at a time is held against it.
 */
import { Failure } from "../evaluate/failure.ts";
import { predicate, type Outcome, type Predicate } from "../evaluate/predicate.ts";
import type { Context } from "../evaluate/values.ts";
import type { TypedFormula } from "../types/formula.ts";
import type { Node } from "../types/node.ts";
import type { Count } from "../types/scope.ts";

export interface TraceEvent {
  readonly at_ms: number;
  readonly event: string;
  readonly fields: Context;
}

/** One instance's events in time, and until when nothing further came. */
export interface Trace {
  readonly events: readonly TraceEvent[];
  readonly end_ms: number;
  /** Values of `$key`. */
  readonly keys: Context;
}

/** `open`: an obligation has time left, so more of the trace decides. */
export type Verdict = { readonly verdict: "kept" | "open" } | { readonly verdict: "violated"; readonly at: number; readonly because: "false" | "missing" | "error"; readonly detail: string };

type Truth = boolean | "open";

const not = (truth: Truth): Truth => (truth === "open" ? truth : !truth);
const and = (a: Truth, b: Truth): Truth => (a === false || b === false ? false : a === "open" || b === "open" ? "open" : true);
const or = (a: Truth, b: Truth): Truth => not(and(not(a), not(b)));

class TraceReader {
  readonly #predicates = new Map<Node, Predicate>();
  /** The event at which a form that is asked of every event first failed. */
  violated_at = 0;

  constructor(
    private readonly trace: Trace,
    private readonly counts: readonly Count[],
  ) {}

  /** A condition that cannot be computed is a violation wherever it stands, under `never` too. */
  private ask(node: Node, at: number, counts: readonly number[] = []): boolean {
    const known = this.#predicates.get(node) ?? predicate(node);
    this.#predicates.set(node, known);
    const outcome: Outcome = known(this.trace.events[at]!.fields, { keys: this.trace.keys, counts });
    if (!outcome.ok && outcome.because !== "false") throw new Broken(at, outcome.because, outcome.detail);
    return outcome.ok;
  }

  private counted({ event, where, window_ms }: Count, at: number): number {
    const { events } = this.trace;
    const since = events[at]!.at_ms - window_ms;
    return events.filter((one, j) => j <= at && one.at_ms >= since && one.event === event && (where === null || this.ask(where, j))).length;
  }

  /** Of the formula at event `at`; the end of a trace decides nothing that still has time. */
  truth(formula: TypedFormula, at: number): Truth {
    const { events } = this.trace;
    switch (formula.form) {
      case "holds":
        // What is counted counts nothing itself, so this goes one level deep.
        return this.ask(formula.node, at, this.counts.map((count) => this.counted(count, at)));
      case "event":
        return events[at]!.event === formula.event && (formula.where === null || this.ask(formula.where, at));
      case "not":
        return not(this.truth(formula.body, at));
      case "and":
        return and(this.truth(formula.left, at), this.truth(formula.right, at));
      case "or":
        return or(this.truth(formula.left, at), this.truth(formula.right, at));
      case "once":
        return events.map((one, j) => j <= at && one.at_ms >= events[at]!.at_ms - formula.window_ms && this.truth(formula.body, j)).reduce(or, false);
      case "eventually":
        return this.eventually(formula.body, formula.within_ms, at);
      case "until":
        return this.until(formula, at);
      case "always":
        return this.everywhere(at, (j) => this.truth(formula.body, j));
      case "never":
        return this.everywhere(at, (j) => not(this.truth(formula.body, j)));
      case "leads_to":
        return this.everywhere(at, (j) => or(not(this.truth(formula.left, j)), this.eventually(formula.right, formula.within_ms, j)));
    }
  }

  private everywhere(from: number, truth: (at: number) => Truth): Truth {
    let all: Truth = true;
    for (let j = from; j < this.trace.events.length && all !== false; j++) {
      all = and(all, truth(j));
      if (all === false) this.violated_at = j;
    }
    return all;
  }

  /** The deadline itself still counts, so only what is later than it decides. */
  private passed(deadline_ms: number): boolean {
    return this.trace.end_ms > deadline_ms;
  }

  private eventually(body: TypedFormula, within_ms: number | null, at: number): Truth {
    const { events } = this.trace;
    const deadline = within_ms === null ? Infinity : events[at]!.at_ms + within_ms;
    let some: Truth = false;
    for (let j = at; j < events.length && events[j]!.at_ms <= deadline && some !== true; j++) some = or(some, this.truth(body, j));
    return some === false && !this.passed(deadline) ? "open" : some;
  }

  /** With a bound the right side has to come; without, the left side may hold for ever. */
  private until({ left, right, within_ms }: Extract<TypedFormula, { readonly form: "leads_to" | "until" }>, at: number): Truth {
    const { events } = this.trace;
    const deadline = within_ms === null ? Infinity : events[at]!.at_ms + within_ms;
    let held: Truth = true;
    let some: Truth = false;
    for (let j = at; j < events.length && events[j]!.at_ms <= deadline; j++) {
      some = or(some, and(held, this.truth(right, j)));
      if (some === true) return true;
      held = and(held, this.truth(left, j));
      if (held === false) return some;
    }
    if (within_ms === null) return or(some, held);
    return this.passed(deadline) ? some : "open";
  }
}

/** Carries where a condition had no value out of the recursion. */
class Broken extends Failure {
  constructor(
    readonly at: number,
    because: "missing" | "error",
    detail: string,
  ) {
    super(because, detail);
  }
}

/** Asked of the trace's first event, or of event `from`; the outermost forms look at the rest from there. */
export function judgeTrace(formula: TypedFormula, counts: readonly Count[], trace: Trace, from = 0): Verdict {
  if (trace.events.length <= from) return { verdict: "kept" };
  const reader = new TraceReader(trace, counts);
  try {
    const truth = reader.truth(formula, from);
    if (truth !== false) return { verdict: truth === true ? "kept" : "open" };
    return { verdict: "violated", at: reader.violated_at, because: "false", detail: "" };
  } catch (error) {
    if (error instanceof Broken) return { verdict: "violated", at: error.at, because: error.because, detail: error.detail };
    throw error;
  }
}
