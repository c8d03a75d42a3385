/** One formula watched over the events of one key: what it remembers of the past, and what is still to come. */
import { Failure } from "../evaluate/failure.ts";
import type { Predicate } from "../evaluate/predicate.ts";
import type { Context } from "../evaluate/values.ts";
import { COUNTED_MAX, OBLIGATIONS_MAX, WITNESSES_MAX } from "./limits.ts";
import type { Plan, Step } from "./plan.ts";
import { implies, join, negate, nextDue, progress, type Residual, weight } from "./residual.ts";

export interface Seen {
  readonly at_ms: number;
  readonly event: string;
  readonly fields: Context;
}

/** `full`: more is to be remembered than the bounds allow. */
export type Ruling = "kept" | "open" | { readonly broken: "false" | "missing" | "error"; readonly detail: string } | { readonly full: string };

class Full {
  constructor(readonly what: string) {}
}

/** Times in order, oldest first; what fell out of the window goes in one piece now and then. */
class Times {
  private list: number[] = [];
  private head = 0;

  add(at_ms: number): void {
    if (this.size >= COUNTED_MAX) throw new Full(`more than ${COUNTED_MAX} events to count`);
    this.list.push(at_ms);
  }

  since(ms: number): number {
    while (this.head < this.list.length && this.list[this.head]! < ms) this.head += 1;
    if (this.head > 32 && this.head * 2 > this.list.length) {
      this.list = this.list.slice(this.head);
      this.head = 0;
    }
    return this.size;
  }

  get size(): number {
    return this.list.length - this.head;
  }
}

/** Whether `later` is true wherever `truth` is. */
const covers = (later: Residual, truth: Residual): boolean => later === true || (typeof later === "object" && typeof truth === "object" && implies(truth, later));

interface Witness {
  readonly at_ms: number;
  readonly truth: Residual;
}

const NONE: readonly Witness[] = [];
const NO_COUNTS: readonly number[] = [];

export class ClauseState {
  /** Of `everywhere` all that is still to come; of `eventually` the one thing; of `until` the ways in which it may come true. */
  private left_to_come: Residual;
  /** Of `until`: whether its left side held up to now. */
  private held: Residual = true;
  private deadline_ms: number | null = null;
  private begun = false;
  /** `null` while it is watched. */
  private ended: "kept" | "violated" | null = null;
  private readonly witnesses: (readonly Witness[])[];
  private readonly times: readonly Times[];

  constructor(private readonly plan: Plan) {
    this.left_to_come = plan.outer.form === "everywhere";
    this.witnesses = plan.slots === 0 ? [] : Array.from({ length: plan.slots }, () => NONE);
    this.times = plan.counts.map(() => new Times());
  }

  /** After a violation: forms that are asked of every event go on with the next one, and what was still to come is dropped with it. */
  rearm(): void {
    if (this.plan.outer.form === "everywhere") this.left_to_come = true;
    else this.ended = "violated";
  }

  /** Whether a new instance would say the same of everything that may come. */
  idleAt(now_ms: number): boolean {
    if (this.plan.outer.form !== "everywhere" || this.left_to_come !== true) return false;
    if (this.times.length === 0 && this.witnesses.length === 0) return true;
    return this.times.every((times, i) => times.since(now_ms - this.plan.counts[i]!.window_ms) === 0) && this.witnesses.every((list, slot) => list.every(({ at_ms }) => at_ms < now_ms - this.windowOf(slot)));
  }

  private windowOf(slot: number): number {
    return this.plan.steps.reduce((window, step) => (step.form === "once" && step.slot === slot ? step.window_ms : window), 0);
  }

  /** Whether nothing that comes changes its verdict. */
  get over(): boolean {
    return this.ended !== null;
  }

  get pending(): boolean {
    return this.ended === null && this.ruling() === "open";
  }

  nextDue(): number {
    if (this.ended !== null) return Infinity;
    return Math.min(nextDue(this.left_to_come), this.deadline_ms ?? Infinity);
  }

  /** Time alone. */
  tick(now_ms: number): Ruling {
    if (this.ended !== null) return "kept";
    this.left_to_come = progress(this.left_to_come, now_ms, null);
    this.held = progress(this.held, now_ms, null);
    // What comes after the deadline is no longer asked, so nothing is left but what already waits.
    if (this.deadline_ms !== null && now_ms > this.deadline_ms) this.held = false;
    return this.ruling();
  }

  private ruling(): Ruling {
    if (this.ended !== null) return "kept";
    const { outer } = this.plan;
    // Without a bound the left side of until may hold for ever; with one the right side has to come.
    const truth = outer.form === "until" && outer.within_ms === null ? join("or", this.left_to_come, this.held) : this.left_to_come;
    if (truth === true) {
      if (outer.form !== "everywhere" && this.left_to_come === true) this.ended = "kept";
      return "kept";
    }
    if (truth !== false) return "open";
    return outer.form === "until" && this.held !== false ? "open" : { broken: "false", detail: "" };
  }

  /** The caller ticks up to the event first; times never go back here. */
  step(seen: Seen, keys: Context): Ruling {
    if (this.ended !== null) return "kept";
    const first = !this.begun;
    this.begun = true;
    try {
      this.ask(new Look(this.plan, this.times, this.witnesses, seen, keys), seen.at_ms, first);
      if (weight(this.left_to_come) + weight(this.held) > OBLIGATIONS_MAX) throw new Full(`more than ${OBLIGATIONS_MAX} obligations`);
    } catch (error) {
      if (error instanceof Failure) return { broken: error.because, detail: error.detail };
      if (error instanceof Full) return { full: error.what };
      throw error;
    }
    return this.ruling();
  }

  private ask(look: Look, at_ms: number, first: boolean): void {
    const { outer } = this.plan;
    const forward = (residual: Residual): Residual => progress(residual, at_ms, (of) => look.at(of));
    if (outer.form === "everywhere") {
      this.left_to_come = join("and", forward(this.left_to_come), look.of(outer.body));
    } else if (outer.form === "eventually") {
      const waits: Residual = first ? { kind: "due", of: outer.body.id, until_ms: at_ms + outer.within_ms, wanted: true } : this.left_to_come;
      this.left_to_come = forward(waits);
    } else {
      if (first && outer.within_ms !== null) this.deadline_ms = at_ms + outer.within_ms;
      const held = forward(this.held);
      this.left_to_come = forward(this.left_to_come);
      this.held = held;
      if (held === false || this.left_to_come === true) return;
      this.left_to_come = join("or", this.left_to_come, join("and", held, look.of(outer.right)));
      if (this.left_to_come !== true) this.held = join("and", held, look.of(outer.left));
    }
  }
}

/** What is true at one event. Every part is looked at once, also where another decides: what it remembers has to be whole. */
class Look {
  private readonly known: (Residual | undefined)[] = [];
  private counted: readonly number[] | null = null;

  constructor(
    private readonly plan: Plan,
    private readonly times: readonly Times[],
    private readonly witnesses: (readonly Witness[])[],
    private readonly seen: Seen,
    private readonly keys: Context,
  ) {}

  at(id: number): Residual {
    return this.of(this.plan.steps[id]!);
  }

  of(step: Step): Residual {
    return (this.known[step.id] ??= this.fresh(step));
  }

  private fresh(step: Step): Residual {
    const { at_ms, event } = this.seen;
    switch (step.form) {
      case "holds":
        return this.ask(step.ask, this.counts());
      case "event":
        return event === step.event && (step.where === null || this.ask(step.where, NO_COUNTS));
      case "not":
        return negate(this.of(step.body));
      case "and":
      case "or": {
        const left = this.of(step.left);
        return join(step.form, left, this.of(step.right));
      }
      case "eventually":
        return join("or", this.of(step.body), { kind: "due", of: step.body.id, until_ms: at_ms + step.within_ms, wanted: true });
      case "once":
        return this.once(step);
    }
  }

  /** A condition that cannot be computed breaks the rule wherever it stands, under `never` too. */
  private ask(condition: Predicate, counts: readonly number[]): boolean {
    const outcome = condition(this.seen.fields, { keys: this.keys, counts });
    if (!outcome.ok && outcome.because !== "false") throw new Failure(outcome.because, outcome.detail);
    return outcome.ok;
  }

  private counts(): readonly number[] {
    if (this.plan.counts.length === 0) return NO_COUNTS;
    return (this.counted ??= this.plan.counts.map(({ event, where, window_ms }, i) => {
      const times = this.times[i]!;
      times.since(this.seen.at_ms - window_ms);
      if (this.seen.event === event && (where === null || this.ask(where, NO_COUNTS))) times.add(this.seen.at_ms);
      return times.size;
    }));
  }

  /** A later witness stands for every earlier one that implies it, so a decided past takes one. */
  private once({ body, window_ms, slot }: Extract<Step, { readonly form: "once" }>): Residual {
    const { at_ms } = this.seen;
    const past = this.witnesses[slot]!.filter((one) => one.at_ms >= at_ms - window_ms).map((one) => ({ at_ms: one.at_ms, truth: progress(one.truth, at_ms, (of) => this.at(of)) }));
    const all = [...past, { at_ms, truth: this.of(body) }].filter(({ truth }) => truth !== false);
    const kept = all.filter(({ truth }, i) => !all.some((later, j) => j > i && covers(later.truth, truth)));
    if (kept.length > WITNESSES_MAX) throw new Full(`more than ${WITNESSES_MAX} past events that are not decided`);
    this.witnesses[slot] = kept;
    return kept.reduce<Residual>((some, { truth }) => join("or", some, truth), false);
  }
}
