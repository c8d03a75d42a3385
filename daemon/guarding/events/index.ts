/**
 * Temporal invariants watched as things happen: the daemon's own events in a space of their own, and what agents and jobs report, each
 * tenant in its space. What a monitor remembers lies in memory alone; after a daemon that did not end in order, what was watched is
 * `inconclusive` and said so.
 */
import type { EventBatch, EventsReply, MonitorFinding, MonitorView, ReportedEvent } from "../../../proto/event.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { SEVERITY_DEFAULT } from "../../../proto/invariant.ts";
import type { EventLimits } from "../../../proto/limits.ts";
import type { Compiled } from "../../invariants/document/build.ts";
import type { Finding, Monitor } from "../../invariants/monitor/monitor.ts";
import { type Arrived, type Moment, Watch } from "../../invariants/monitor/watch.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Store } from "../../store/db.ts";
import { timestampOf, timestampSeconds } from "../../verifier/time.ts";
import type { Fields } from "../guards.ts";
import { openEventTables, OWN_SPACE, type Watched } from "./table.ts";

export interface EventDeskDeps {
  readonly store: Pick<Store, "table" | "atomic" | "kept">;
  readonly clock: Pick<Clock, "now_ms" | "monotonic_ms">;
  readonly limits: EventLimits;
  /** The rules with temporal conditions, compiled when something first happens. */
  readonly temporal: () => readonly Compiled[];
  /** Which events any of them is about; asked of each event, so it compiles nothing. */
  readonly heard: (event: string) => boolean;
  /** What somebody wrote, as rules compute with it: money as "$12.50" and times as "5m" too, as in an example. */
  readonly given: (event: string, fields: Fields) => Fields;
  /** Hears of each finding once. `space`: a tenant's or user's name, or `OWN_SPACE`; `count`: how many of this rule and verdict there are now. */
  readonly found: (space: string, finding: MonitorFinding, count: number) => void;
}

interface Space {
  readonly watch: Watch;
  readonly findings: Map<string, { violated: number; inconclusive: number; newest: MonitorFinding | null }>;
  /** Said to be watched, on disk. */
  readonly kept: Set<string>;
}

/** Deadlines are looked at this often while something waits for one, and never else. */
const TICK_MS = 500;
/** Where nothing waits for a deadline, what is remembered is looked through so often, so that what no longer matters goes. */
const HOLDING_TICK_MS = 60_000;
const FINDINGS_MAX = 1_000;

/** For notes on the side: on a full disk nobody is above them to be told, and the daemon goes on, or ends in order, without. */
function unlessFull(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof MaestroError) || (error.code !== "store.no_space" && error.code !== "store.read_only")) throw error;
  }
}

function told(finding: Finding): MonitorFinding {
  const { invariant, severity, scope, formula, key, verdict, because, at_ms, message } = finding;
  return { invariant, severity, scope, formula: formula.slice(0, 2_000), key: key === null ? null : [...key], verdict, because, at: timestampOf(Math.floor(at_ms / 1000)), message };
}

export class EventDesk {
  private readonly spaces = new Map<string, Space>();
  private readonly tables;
  /** What was watched when the daemon before this one ended, until it is said. */
  private before: readonly Watched[];
  private readonly restarted_ms: number;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private collecting: MonitorFinding[] | null = null;
  private own_seq = 0;
  private readonly own_arrived: { readonly moment: Moment; readonly arrived: Arrived }[] = [];
  /** Findings since the start. */
  readonly counts = { violated: 0, inconclusive: 0 };

  constructor(private readonly deps: EventDeskDeps) {
    this.restarted_ms = deps.clock.now_ms();
    this.tables = openEventTables(deps.store, Math.floor(this.restarted_ms / 1000));
    this.before = this.tables.all();
  }

  /** Something this daemon did. Called inside transactions, so it is looked at right after; what goes back with its transaction was not done. */
  own(event: string, fields: Fields): void {
    if (!this.deps.heard(event)) return;
    const moment = this.moment();
    const done = { event, fields: { ...fields } };
    this.deps.store.kept(() => {
      this.own_arrived.push({ moment, arrived: { ...done, at_ms: moment.wall_ms, source: OWN_SPACE, seq: this.own_seq++ } });
      if (this.own_arrived.length === 1) queueMicrotask(() => this.takeOwn());
    });
  }

  /** All that happened in one stretch, each at its own time: a look at the clock in between would make the later ones late. */
  private takeOwn(): void {
    const taken = this.own_arrived.splice(0);
    const space = this.space(OWN_SPACE);
    // It is watched all the same, and the note is tried again with the next event.
    unlessFull(() => this.remember(OWN_SPACE, space, taken.map(({ arrived }) => arrived), null));
    for (const { moment, arrived } of taken) {
      space.watch.tick(moment);
      space.watch.offer(arrived);
    }
    this.tickOf(space);
    this.wake();
  }

  /** Throws `request.malformed` for numbers that do not ascend and times ahead of this clock, `tenant.queue` for more than fits. */
  report(name: string, { source, events }: EventBatch): EventsReply {
    // One moment for all of it: what happened on arrival must not be late because the disk took its time.
    const moment = this.moment();
    const now_ms = moment.wall_ms;
    const descends = events.findIndex(({ seq }, i) => i > 0 && seq <= events[i - 1]!.seq);
    if (descends >= 0) throw new MaestroError("request.malformed", `events.${descends}.seq: ${events[descends]!.seq} comes after ${events[descends - 1]!.seq}; the events of a source are numbered upwards`);
    const last = this.tables.last(name, source);
    const fresh = events.filter(({ seq }) => last === null || seq > last);
    const heard = fresh.filter(({ event }) => this.deps.heard(event)).map((one): Arrived => ({ at_ms: this.timeOf(one, now_ms, events.indexOf(one)), event: one.event, fields: this.deps.given(one.event, one.with), source, seq: one.seq }));
    const space = this.space(name);
    if (space.watch.room < heard.length) throw new MaestroError("tenant.queue", `${this.deps.limits.waiting_max} events wait for their time (limits.event.waiting_max)`, { retry_after_s: Math.ceil(this.deps.limits.reorder_ms / 1000) });
    const highest = fresh.at(-1)?.seq;
    if (highest !== undefined) this.remember(name, space, heard, { source, seq: highest });
    const known: MonitorFinding[] = [];
    this.collecting = known;
    let late;
    try {
      late = this.take(space, heard, moment);
    } finally {
      this.collecting = null;
    }
    const missing = fresh.reduce(({ sum, at }, { seq }) => ({ sum: sum + (at === null ? 0 : seq - at - 1), at: seq }), { sum: 0, at: last }).sum;
    return { accepted: fresh.length, known: events.length - fresh.length, late, unheard: fresh.length - heard.length, missing, findings: known.slice(0, FINDINGS_MAX) };
  }

  /** `all`: of every space, for whoever runs the daemon. */
  views(name: string, all: boolean): MonitorView[] {
    const names = [...new Set([...this.spaces.keys(), ...this.before.map(({ space }) => space)])].filter((one) => all || one === name);
    for (const one of names) this.tickOf(this.space(one));
    return names.flatMap((one) => this.space(one).watch.monitors.map((monitor) => this.view(one, monitor))).filter(({ space, invariant }) => this.space(space).kept.has(invariant));
  }

  /** Looks at the clock; a timer does it while something waits. */
  tick(): void {
    for (const space of this.spaces.values()) this.tickOf(space);
    this.wake();
  }

  /** In order: what has nothing left to remember is not said to have been watched. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.tick();
    if (this.timer !== null) clearTimeout(this.timer);
    const now_ms = this.deps.clock.now_ms();
    for (const { watch } of this.spaces.values()) for (const monitor of watch.monitors) monitor.sweep(now_ms);
    const idle = [...this.spaces].flatMap(([space, { watch, kept }]) => watch.monitors.filter((monitor) => monitor.keys === 0 && kept.has(monitor.compiled.id) && !watch.awaits(monitor)).map(({ compiled: { id } }) => ({ space, invariant: id })));
    if (idle.length > 0) unlessFull(() => this.deps.store.atomic(() => idle.forEach((one) => this.tables.unwatch(one))));
  }

  private view(space: string, monitor: Monitor): MonitorView {
    const { compiled, keys, pending } = monitor;
    const { violated, inconclusive, newest } = this.spaces.get(space)?.findings.get(compiled.id) ?? { violated: 0, inconclusive: 0, newest: null };
    const formulas = compiled.temporal.filter(({ model_only }) => !model_only).map(({ text }) => text.slice(0, 2_000));
    return { space, invariant: compiled.id, severity: compiled.document.severity ?? SEVERITY_DEFAULT, formulas, verdict: newest?.verdict ?? (pending > 0 ? "pending" : "kept"), keys, pending, violated, inconclusive, newest };
  }

  private moment(): Moment {
    return { wall_ms: this.deps.clock.now_ms(), steady_ms: this.deps.clock.monotonic_ms() };
  }

  private timeOf({ at }: ReportedEvent, now_ms: number, i: number): number {
    const at_ms = at === undefined ? now_ms : typeof at === "number" ? at : (timestampSeconds(at) ?? NaN) * 1000;
    // A 31 February would come before and after nothing, and what comes behind it would wait for ever.
    if (Number.isNaN(at_ms)) throw new MaestroError("request.malformed", `events.${i}.at: the calendar has no ${String(at)}`);
    if (at_ms > now_ms + this.deps.limits.ahead_ms_max) throw new MaestroError("request.malformed", `events.${i}.at is ahead of this daemon's clock, which says ${timestampOf(now_ms / 1000)}`);
    return at_ms;
  }

  private space(name: string): Space {
    const known = this.spaces.get(name);
    if (known !== undefined) return known;
    // Those of before had their place already, and what was lost of theirs has to be said.
    if (name !== OWN_SPACE && !this.before.some(({ space }) => space === name)) this.makeRoom();
    const findings: Space["findings"] = new Map();
    const watch = new Watch({
      invariants: this.deps.temporal(),
      reorder_ms: name === OWN_SPACE ? null : this.deps.limits.reorder_ms,
      waiting_max: this.deps.limits.waiting_max,
      report: (finding) => this.note(name, findings, told(finding)),
    });
    const space = { watch, findings, kept: new Set(this.before.filter((one) => one.space === name).map(({ invariant }) => invariant)) };
    this.before = this.before.filter((one) => one.space !== name);
    this.spaces.set(name, space);
    for (const monitor of watch.monitors) if (space.kept.has(monitor.compiled.id)) monitor.forget("restart", this.restarted_ms, true);
    return space;
  }

  private note(name: string, findings: Space["findings"], finding: MonitorFinding): void {
    const known = findings.get(finding.invariant) ?? { violated: 0, inconclusive: 0, newest: null };
    known[finding.verdict] += 1;
    this.counts[finding.verdict] += 1;
    known.newest = finding;
    findings.set(finding.invariant, known);
    this.collecting?.push(finding);
    this.deps.found(name, finding, known[finding.verdict]);
  }

  /** A space with nothing to remember goes, of those one without findings first; where each has something, nobody else gets one. */
  private makeRoom(): void {
    if (this.spaces.size < this.deps.limits.spaces_max) return;
    const now_ms = this.deps.clock.now_ms();
    const idle = [...this.spaces].filter(([name, { watch }]) => {
      if (name === OWN_SPACE || watch.busy) return false;
      for (const monitor of watch.monitors) monitor.sweep(now_ms);
      return !watch.holding;
    });
    const [name, space] = idle.find(([, { findings }]) => findings.size === 0) ?? idle[0] ?? [];
    if (name === undefined || space === undefined) throw new MaestroError("tenant.queue", `events of ${this.deps.limits.spaces_max} tenants are watched already (limits.event.spaces_max)`);
    if (space.kept.size > 0) this.deps.store.atomic(() => space.kept.forEach((invariant) => this.tables.unwatch({ space: name, invariant })));
    this.spaces.delete(name);
  }

  /** Durable before anything is looked at: a source that sends again after a crash is told what came. */
  private remember(name: string, { watch, kept }: Space, arrived: readonly Arrived[], counted: { readonly source: string; readonly seq: number } | null): void {
    const begun = watch.monitors.filter((monitor) => !kept.has(monitor.compiled.id) && arrived.some(({ event }) => monitor.hears(event))).map(({ compiled: { id } }) => id);
    if (begun.length === 0 && counted === null) return;
    const now_s = Math.floor(this.deps.clock.now_ms() / 1000);
    this.deps.store.atomic(() => {
      if (counted !== null) this.tables.count(name, counted.source, counted.seq, now_s, this.deps.limits.sources_max);
      for (const invariant of begun) this.tables.watch({ space: name, invariant }, now_s);
    });
    for (const id of begun) kept.add(id);
  }

  private take(space: Space, arrived: readonly Arrived[], moment: Moment): number {
    space.watch.tick(moment);
    let late = 0;
    for (const one of arrived) if (!space.watch.offer(one)) late += 1;
    this.tickOf(space);
    this.wake();
    return late;
  }

  private tickOf({ watch }: Space): void {
    watch.tick(this.moment());
  }

  private wake(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const watches = [...this.spaces.values()].map(({ watch }) => watch);
    const busy = watches.some((watch) => watch.busy);
    if (!busy && !watches.some((watch) => watch.holding)) return;
    this.timer = setTimeout(() => this.tick(), busy ? TICK_MS : HOLDING_TICK_MS);
    this.timer.unref();
  }
}
