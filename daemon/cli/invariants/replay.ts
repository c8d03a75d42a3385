/** Recorded events against invariants: batches of one kind of event, by the symeval kernel where it can say a condition. */
import { TRUE } from "../../../kernels/symeval/index.ts";
import type { Clause, Compiled } from "../../invariants/index.ts";
import { EventTable, lower, type Lowered } from "../../invariants/columns/index.ts";
import type { RecordedEvent } from "./event-lines.ts";

/** Enough that what a batch costs at once is nothing a row; memory is that of so many events. */
const BATCH_EVENTS = 8_192;
const BROKEN_SHOWN_MAX = 100;

/** One condition, and how it was asked. */
export interface Asked {
  readonly id: string;
  readonly path: string;
  readonly text: string;
  /** Why it has no program for the kernel; `null` where it has one. */
  readonly not_expressible: string | null;
  in_columns: number;
  by_closure: number;
  broken: number;
}

export interface BrokenRule {
  readonly line: number;
  readonly id: string;
  readonly path: string;
  readonly because: "false" | "missing" | "error";
  readonly message: string;
}

export interface Replayed {
  readonly events: number;
  /** That no invariant is about. */
  readonly unheard: number;
  readonly conditions: readonly Asked[];
  /** The first ones. */
  readonly broken: readonly BrokenRule[];
  readonly broken_total: number;
}

interface Question {
  readonly asked: Asked;
  readonly clause: Clause;
  readonly lowered: Lowered | null;
  /** `pre` looks at what was before the action, where that was recorded. */
  readonly before: boolean;
}

function questionsOf({ id, assert, pre, post }: Compiled): Question[] {
  return [...assert, ...pre, ...post].map((clause) => {
    const lowered = lower(clause.node);
    const not_expressible = "ok" in lowered ? null : lowered.not_expressible;
    const asked: Asked = { id, path: clause.path.join("."), text: clause.text, not_expressible, in_columns: 0, by_closure: 0, broken: 0 };
    return { asked, clause, lowered: "ok" in lowered ? lowered.ok : null, before: pre.includes(clause) };
  });
}

class Replay {
  readonly broken: BrokenRule[] = [];
  broken_total = 0;

  private judge({ asked, clause, before }: Question, { line, fields, old }: RecordedEvent): boolean {
    const judged = before ? clause.check(old ?? fields) : clause.check(fields, old === undefined ? undefined : { old });
    if (judged.ok) return true;
    asked.broken += 1;
    this.broken_total += 1;
    if (this.broken.length < BROKEN_SHOWN_MAX) this.broken.push({ line, id: asked.id, path: asked.path, because: judged.because, message: judged.message });
    return false;
  }

  batch(questions: readonly Question[], events: readonly RecordedEvent[]): void {
    const olds = events.map(({ old }) => old);
    const now = new EventTable(events.map(({ fields }) => fields), olds);
    const earlier = olds.every((old) => old === undefined) ? now : new EventTable(events.map(({ fields, old }) => old ?? fields));
    for (const question of questions) {
      const { asked, lowered, before } = question;
      const truths = lowered === null ? null : (before ? earlier : now).ask(lowered);
      if (truths === null) {
        asked.by_closure += events.length;
        for (const event of events) this.judge(question, event);
        continue;
      }
      asked.in_columns += events.length;
      // The closure says what is wrong with a row; it must find it wrong too.
      for (const [row, event] of events.entries()) if (truths[row] !== TRUE && this.judge(question, event)) throw new TypeError(`the kernel breaks ${asked.id} ${asked.path} on line ${event.line}, and the closure keeps it`);
    }
  }
}

/** Asks every condition that looks at one event; temporal formulas are not asked here. */
export function replay(invariants: readonly Compiled[], events: Iterable<RecordedEvent>): Replayed {
  const questions = new Map<string, Question[]>();
  const all: Question[] = [];
  for (const invariant of invariants) {
    const own = questionsOf(invariant);
    all.push(...own);
    for (const event of invariant.events) questions.set(event, [...(questions.get(event) ?? []), ...own]);
  }
  const waiting = new Map<string, RecordedEvent[]>();
  const run = new Replay();
  let [count, unheard] = [0, 0];
  for (const event of events) {
    count += 1;
    const mine = questions.get(event.event);
    if (mine === undefined) {
      unheard += 1;
      continue;
    }
    const batch = waiting.get(event.event) ?? [];
    waiting.set(event.event, batch);
    if (batch.push(event) < BATCH_EVENTS) continue;
    run.batch(mine, batch);
    waiting.delete(event.event);
  }
  for (const [name, batch] of waiting) run.batch(questions.get(name) ?? [], batch);
  return { events: count, unheard, conditions: all.map(({ asked }) => asked), broken: run.broken.sort((a, b) => a.line - b.line), broken_total: run.broken_total };
}
