/** Would this rule have fired? The engine of `maestro invariants check --events`, over what was recorded. */
import { knownEvents, look, type Compiled, type InvariantFile, type Problem } from "../../../invariants/index.ts";
import type { Recorded } from "../../../invariants/replay/recorded.ts";
import { replay, type BrokenRule } from "../../../invariants/replay/replay.ts";
import { durationText } from "../../../invariants/syntax/durations.ts";
import { STUDIO_LIMITS } from "../limits.ts";
import { shownText, walkOfEvents, type Walk } from "../stepping/walk.ts";
import type { Fire, Ran } from "./protocol.ts";
import type { Recording } from "./reading.ts";

/** The document with what stands beside it, or its mistakes. Examples that say otherwise than their name are told elsewhere, and are no reason not to ask. */
export function ruleOf(text: string, beside: readonly InvariantFile[]): { readonly rule: Compiled } | { readonly mistakes: readonly Problem[] } {
  const { compiled, problems } = look(text, { events: knownEvents(beside).events });
  const mistakes = problems.filter(({ path }) => !path.startsWith("examples"));
  return compiled === null || mistakes.length > 0 ? { mistakes } : { rule: compiled };
}

const timeText = ({ time }: Recorded): string | null => (time === null ? null : time.relative ? durationText(BigInt(time.ms)) : new Date(time.ms).toISOString().replace(".000Z", "Z"));

function windowOf(events: readonly Recorded[]): Ran["window"] {
  let first: Recorded | null = null;
  let last: Recorded | null = null;
  for (const event of events) {
    if (event.time === null) continue;
    if (first === null || event.time.ms < (first.time?.ms ?? 0)) first = event;
    if (last === null || event.time.ms > (last.time?.ms ?? 0)) last = event;
  }
  return first === null || last === null ? null : { from: timeText(first) ?? "", to: timeText(last) ?? "" };
}

/** The field that a violation says is missing; `null` where it is something else, such as what was before an action. */
export const missingIn = ({ because, detail }: { readonly because: string; readonly detail: string }): string | null => (because === "missing" ? (/^([A-Za-z_]\w*) is missing$/.exec(detail)?.[1] ?? null) : null);

/** Which kinds of event there are, and which of the rule's are not among them. */
function kindsOf(events: readonly Recorded[], wanted: readonly string[]): Pick<Ran, "lacking" | "kinds" | "kinds_total"> {
  const counts = new Map<string, number>();
  for (const { event } of events) if (event !== null) counts.set(event, (counts.get(event) ?? 0) + 1);
  const kinds = [...counts].sort(([, a], [, b]) => b - a).slice(0, STUDIO_LIMITS.kinds_shown_max);
  return { lacking: wanted.filter((name) => !counts.has(name)), kinds: kinds.map(([name, count]) => ({ name: shownText(name), events: count })), kinds_total: counts.size };
}

/** How often somebody hears how far it is. */
const PROGRESS_EVENTS = 5_000;

function* counted(events: readonly Recorded[], progress: (asked: number) => void): Generator<Recorded> {
  for (const [i, event] of events.entries()) {
    if (i > 0 && i % PROGRESS_EVENTS === 0) progress(i);
    yield event;
  }
}

/** The first violations. Conditions are asked in batches, but each of one kind of event in its order, so the first of each are enough. */
class Heard {
  readonly lines = new Set<number>();
  private readonly missing = new Map<string, Set<number>>();
  private readonly first = new Map<string, BrokenRule[]>();

  constructor(private readonly placed: ReadonlyMap<number, { readonly event: Recorded; readonly at: number }>) {}

  hear(one: BrokenRule): void {
    this.lines.add(one.line);
    const absent = missingIn(one);
    if (absent !== null) this.missing.set(absent, (this.missing.get(absent) ?? new Set()).add(one.line));
    const name = `${one.path} ${this.placed.get(one.line)?.event.event ?? ""}`;
    const list = this.first.get(name) ?? [];
    this.first.set(name, list);
    if (list.length < STUDIO_LIMITS.fires_max) list.push(one);
  }

  absent(): Ran["missing"] {
    return [...this.missing].map(([name, lines]) => ({ name, events: lines.size })).sort((a, b) => b.events - a.events);
  }

  firstOnes(): BrokenRule[] {
    const at = ({ line }: BrokenRule): number => this.placed.get(line)?.at ?? 0;
    return [...this.first.values()].flat().sort((a, b) => at(a) - at(b)).slice(0, STUDIO_LIMITS.fires_max);
  }
}

/** What a rule was asked of, and what came of it: kept until the next run, so that somebody can look at how it came to a violation. */
export class Run {
  readonly ran: Ran;
  private readonly first: readonly BrokenRule[];

  constructor(
    private readonly rule: Compiled,
    private readonly recording: Recording,
    progress: (asked: number) => void,
    now: () => number,
  ) {
    const start = now();
    const { events, wrong, wrong_lines, left_out } = recording;
    const placed = new Map(events.map((event, at) => [event.line, { event, at }]));
    const heard = new Heard(placed);
    const { events: asked, unheard, broken_total, formulas, inconclusive } = replay([rule], counted(events, progress), (one) => heard.hear(one));
    this.first = heard.firstOnes();
    const fire = ({ line, path, because, message, key }: BrokenRule): Fire => {
      const event = placed.get(line)?.event;
      const row = recording.rows.get(line);
      const card = row === undefined ? null : { gate_id: row.gate_id, title: row.title, verdict: row.verdict, at: row.at, repository: row.repository };
      return { line, at: event === undefined ? null : timeText(event), path, because, message, key, card };
    };
    this.ran = { events: asked, about: asked - unheard, ...kindsOf(events, rule.events), fired: heard.lines.size, violations: broken_total, missing: heard.absent(), fires: this.first.map(fire), formulas, untold: inconclusive.map(fire), window: windowOf(events), wrong, wrong_lines, left_out, took_ms: now() - start };
  }

  /** The events of its key up to violation `index`; of a condition on one event, that one and what was before the action. */
  walk(index: number): Walk | null {
    const one = this.first[index];
    const { events } = this.recording;
    const end = events.findIndex(({ line }) => line === one?.line);
    const last = events[end];
    if (one === undefined || last === undefined) return null;
    const types = this.rule.fieldsByEvent;
    const walked = (recorded: Recorded) => ({ recorded, at: timeText(recorded) });
    if (!one.path.startsWith("temporal")) {
      const { old } = last;
      return walkOfEvents(this.rule.id, one.message, old === undefined ? [walked(last)] : [{ recorded: { ...last, event: "before", fields: old }, at: null }, walked(last)], new Map([...types, ["before", this.rule.fields]]));
    }
    const names = this.rule.per?.keys ?? [];
    // What came from outside is withheld in a finding; the event at which it became known has it.
    const wanted = names.map((name, i) => (one.key?.[i] === undefined || one.key[i] === "(withheld)" ? String(last.fields[name]) : one.key[i]));
    const heard = new Set(this.rule.events);
    const mine = events.slice(0, end + 1).filter(({ event, fields }) => event !== null && heard.has(event) && names.every((name, i) => String(fields[name]) === wanted[i]));
    const whole = mine.at(-1) === last ? mine : [...mine, { ...last, event: null, fields: {} }];
    return walkOfEvents(this.rule.id, one.message, whole.map(walked), types);
  }
}
