/**
 * Temporal invariants watched as things happen: the daemon's own events in a space of their own, and what agents and jobs report, each
 * tenant in its space. What a monitor remembers lies in memory alone; after a daemon that did not end in order, what was watched is
 * `inconclusive` and said so.
 */
import type { EventBatch, EventsReply, MonitorFinding, MonitorView, ReportedEvent } from "../../../proto/event.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { EventLimits } from "../../../proto/limits.ts";
import type { Compiled } from "../../invariants/document/build.ts";
import type { Finding, Monitor } from "../../invariants/monitor/monitor.ts";
import { type Arrived, type Moment, Watch } from "../../invariants/monitor/watch.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Store } from "../../store/db.ts";
import { timestampOf } from "../../verifier/time.ts";
import type { Fields } from "../guards.ts";
import { openEventTables, OWN_SPACE, type Watched } from "./table.ts";

export interface EventDeskDeps {
  readonly store: Pick<Store, "table" | "atomic">;
  readonly clock: Pick<Clock, "now_ms" | "monotonic_ms">;
  readonly limits: EventLimits;
  /** The rules with temporal conditions, compiled when something first happens. */
  readonly temporal: () => readonly Compiled[];
  /** Which events any of them is about; asked of each event, so it compiles nothing. */
  readonly heard: (event: string) => boolean;
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
const FINDINGS_MAX = 1_000;
const SEVERITIES: readonly MonitorFinding["severity"][] = ["critical", "high", "medium", "low"];

function told(finding: Finding): MonitorFinding {
  const { invariant, scope, formula, key, verdict, because, at_ms, message } = finding;
  return { invariant, severity: SEVERITIES.find((one) => one === finding.severity) ?? "medium", scope, formula: formula.slice(0, 2_000), key: key === null ? null : [...key], verdict, because, at: timestampOf(Math.floor(at_ms / 1000)), message };
}

export class EventDesk {
  private readonly spaces = new Map<string, Space>();
  private readonly tables;
  /** What was watched when the daemon before this one ended. */
  private readonly before: readonly Watched[];
  private readonly restarted_ms: number;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private collecting: MonitorFinding[] | null = null;
  private own_seq = 0;
  /** Findings since the start. */
  readonly counts = { violated: 0, inconclusive: 0 };

  constructor(private readonly deps: EventDeskDeps) {
    this.restarted_ms = deps.clock.now_ms();
    this.tables = openEventTables(deps.store, Math.floor(this.restarted_ms / 1000));
    this.before = this.tables.all();
  }

  /** Something this daemon did. Called inside transactions, so it is looked at right after. */
  own(event: string, fields: Fields): void {
    if (!this.deps.heard(event)) return;
    const moment = this.moment();
    const arrived = { at_ms: moment.wall_ms, event, fields: { ...fields }, source: OWN_SPACE, seq: this.own_seq++ };
    queueMicrotask(() => {
      const space = this.space(OWN_SPACE);
      this.remember(OWN_SPACE, space, [arrived], null);
      this.take(space, [arrived], moment);
    });
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
    const heard = fresh.filter(({ event }) => this.deps.heard(event)).map((one): Arrived => ({ at_ms: this.timeOf(one, now_ms, events.indexOf(one)), event: one.event, fields: one.with, source, seq: one.seq }));
    const space = this.space(name);
    if (space.watch.room < heard.length) throw new MaestroError("tenant.queue", `${this.deps.limits.waiting_max} events wait for their time (limits.event.waiting_max)`, { retry_after_s: Math.ceil(this.deps.limits.reorder_ms / 1000) });
    const highest = fresh.at(-1)?.seq;
    if (highest !== undefined) this.remember(name, space, heard, { source, seq: highest });
    this.collecting = [];
    const late = this.take(space, heard, moment);
    const findings = this.collecting.slice(0, FINDINGS_MAX);
    this.collecting = null;
    const missing = fresh.reduce(({ sum, at }, { seq }) => ({ sum: sum + (at === null ? 0 : seq - at - 1), at: seq }), { sum: 0, at: last }).sum;
    return { accepted: fresh.length, known: events.length - fresh.length, late, unheard: fresh.length - heard.length, missing, findings };
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
    const idle = [...this.spaces].flatMap(([space, { watch, kept }]) => watch.monitors.filter(({ compiled: { id }, keys }) => keys === 0 && kept.has(id)).map(({ compiled: { id } }) => ({ space, invariant: id })));
    if (idle.length > 0) this.deps.store.atomic(() => idle.forEach((one) => this.tables.unwatch(one)));
  }

  private view(space: string, monitor: Monitor): MonitorView {
    const { compiled, keys, pending } = monitor;
    const { violated, inconclusive, newest } = this.spaces.get(space)?.findings.get(compiled.id) ?? { violated: 0, inconclusive: 0, newest: null };
    const formulas = compiled.temporal.filter(({ model_only }) => !model_only).map(({ text }) => text.slice(0, 2_000));
    return { space, invariant: compiled.id, severity: compiled.document.severity ?? "medium", formulas, verdict: newest?.verdict ?? (pending > 0 ? "pending" : "kept"), keys, pending, violated, inconclusive, newest };
  }

  private moment(): Moment {
    return { wall_ms: this.deps.clock.now_ms(), steady_ms: this.deps.clock.monotonic_ms() };
  }

  private timeOf({ at }: ReportedEvent, now_ms: number, i: number): number {
    const at_ms = at === undefined ? now_ms : typeof at === "number" ? at : Date.parse(at);
    if (at_ms > now_ms + this.deps.limits.ahead_ms_max) throw new MaestroError("request.malformed", `events.${i}.at is ahead of this daemon's clock, which says ${timestampOf(now_ms / 1000)}`);
    return at_ms;
  }

  private space(name: string): Space {
    const known = this.spaces.get(name);
    if (known !== undefined) return known;
    if (name !== OWN_SPACE) this.makeRoom();
    const findings: Space["findings"] = new Map();
    const watch = new Watch({
      invariants: this.deps.temporal(),
      reorder_ms: name === OWN_SPACE ? 0 : this.deps.limits.reorder_ms,
      waiting_max: this.deps.limits.waiting_max,
      report: (finding) => this.note(name, findings, told(finding)),
    });
    const space = { watch, findings, kept: new Set(this.before.filter((one) => one.space === name).map(({ invariant }) => invariant)) };
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

  /** A space with nothing to remember goes without loss; where each has something, nobody else gets one. */
  private makeRoom(): void {
    if (this.spaces.size < this.deps.limits.spaces_max) return;
    const [idle] = [...this.spaces].find(([name, { watch, kept }]) => name !== OWN_SPACE && !watch.busy && kept.size === 0) ?? [...this.spaces].find(([name, { watch }]) => name !== OWN_SPACE && !watch.busy && watch.monitors.every(({ keys }) => keys === 0)) ?? [];
    if (idle === undefined) throw new MaestroError("tenant.queue", `events of ${this.deps.limits.spaces_max} tenants are watched already (limits.event.spaces_max)`);
    this.spaces.delete(idle);
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
    if (![...this.spaces.values()].some(({ watch }) => watch.busy)) return;
    this.timer = setTimeout(() => this.tick(), TICK_MS);
    this.timer.unref();
  }
}
