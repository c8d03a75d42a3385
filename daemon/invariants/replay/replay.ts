/** Recorded events against invariants: batches of one kind of event, by the symeval kernel where it can say a condition. */
import { TRUE } from "../../../kernels/symeval/index.ts";
import type { Clause, Compiled, Type } from "../index.ts";
import { EventTable, lower, type Lowered } from "../columns/index.ts";
import { givenValue } from "../document/examples.ts";
import { sameType } from "../types/type.ts";
import type { Recorded } from "./recorded.ts";
import { Watching, type Watched } from "./watched.ts";

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
  /** `false`, `missing`, `error`; of what cannot be told, why. */
  readonly because: string;
  readonly message: string;
  /** What was missing or failed, such as `cost is missing`; empty where nothing was. */
  readonly detail: string;
  /** Of a formula, the values of `per`; else `null`. */
  readonly key: readonly string[] | null;
}

export interface Replayed {
  readonly events: number;
  /** That no invariant is about. */
  readonly unheard: number;
  readonly conditions: readonly Asked[];
  /** The first ones. */
  readonly broken: readonly BrokenRule[];
  readonly broken_total: number;
  readonly formulas: readonly Watched[];
  /** What formulas cannot be told of: the first ones. */
  readonly inconclusive: readonly BrokenRule[];
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

type Fields = Readonly<Record<string, unknown>>;
type RecordedEvent = Recorded & { readonly event: string };

/** As the engines compute with them: a recording may write `"$12.50"`, `"5m"` and large numbers in quotes, as an example does. */
class Given {
  private readonly types = new Map<string, Map<string, Type | null>>();

  constructor(invariants: readonly Compiled[]) {
    for (const { fieldsByEvent } of invariants) {
      for (const [event, fields] of fieldsByEvent) {
        const known = this.types.get(event) ?? new Map<string, Type | null>();
        this.types.set(event, known);
        // Where two rules declare a field otherwise, neither is guessed for the other.
        for (const [name, { type }] of fields) known.set(name, known.has(name) && !sameType(known.get(name) ?? type, type) ? null : type);
      }
    }
  }

  private read(fields: Fields, types: ReadonlyMap<string, Type | null>): Fields {
    const plain = Object.values(fields).every((value) => typeof value !== "string" && !Array.isArray(value));
    if (plain) return fields;
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => {
      const type = types.get(name);
      return [name, type === undefined || type === null ? value : givenValue(value, type)];
    }));
  }

  of<T extends Recorded>(recorded: T): T {
    const types = this.types.get(recorded.event ?? "");
    if (types === undefined) return recorded;
    return { ...recorded, fields: this.read(recorded.fields, types), old: recorded.old === undefined ? undefined : this.read(recorded.old, types) };
  }
}

type Hears = (broken: BrokenRule) => void;

class Replay {
  readonly broken: BrokenRule[] = [];
  readonly inconclusive: BrokenRule[] = [];
  broken_total = 0;

  constructor(private readonly hears: Hears) {}

  violated(one: BrokenRule): void {
    this.broken_total += 1;
    this.hears(one);
    if (this.broken.length < BROKEN_SHOWN_MAX) this.broken.push(one);
  }

  cannotTell(one: BrokenRule): void {
    if (this.inconclusive.length < BROKEN_SHOWN_MAX) this.inconclusive.push(one);
  }

  private judge({ asked, clause, before }: Question, { line, fields, old }: RecordedEvent): boolean {
    const judged = before ? clause.check(old ?? fields) : clause.check(fields, old === undefined ? undefined : { old });
    if (judged.ok) return true;
    asked.broken += 1;
    this.violated({ line, id: asked.id, path: asked.path, because: judged.because, message: judged.message, detail: judged.detail, key: null });
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

const happened = (recorded: Recorded): recorded is RecordedEvent => recorded.event !== null;

/** Asks every condition of each event, and every temporal formula of all of them. `hears` is told of each violation, also of those that are only counted. */
export function replay(invariants: readonly Compiled[], events: Iterable<Recorded>, hears: Hears = () => undefined): Replayed {
  const questions = new Map<string, Question[]>();
  const all: Question[] = [];
  for (const invariant of invariants) {
    const own = questionsOf(invariant);
    all.push(...own);
    for (const event of invariant.events) questions.set(event, [...(questions.get(event) ?? []), ...own]);
  }
  const waiting = new Map<string, RecordedEvent[]>();
  const run = new Replay(hears);
  const given = new Given(invariants);
  const watching = new Watching(invariants, { violated: (one) => run.violated(one), inconclusive: (one) => run.cannotTell(one) });
  let [count, unheard] = [0, 0];
  for (const recorded of events) {
    const event = given.of(recorded);
    watching.see(event, event.fields);
    if (!happened(event)) continue;
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
  const formulas = watching.end();
  return { events: count, unheard, conditions: all.map(({ asked }) => asked), broken: run.broken.sort((a, b) => a.line - b.line), broken_total: run.broken_total, formulas, inconclusive: run.inconclusive };
}
