/** The figures of a window from its summaries. Pure: equal rows give equal figures. */
import { ACTOR_CLASSES, VERDICTS, type Kpi, type PersonFigure, type RuleFigure, type UserFigure } from "../../proto/report-kpi.ts";
import type { AskedShipment } from "../store/shipment-index.ts";
import type { GateSummary, WaiverMark } from "../store/summaries.ts";
import { measured, nearestRank, percent, ratio, SHARE_SCALE, unmeasured } from "./figures.ts";
import { NOT_MEASURED } from "./not-measured.ts";
import { shipmentKpis } from "./shipments.ts";

/** One run that a change names; `totals` null where nothing was reported of it. */
export interface NamedRun {
  readonly run: string;
  readonly totals: { readonly micro_usd: number | null; readonly calls_made: number | null; readonly calls_reported: number } | null;
}

export interface ReportInput {
  /** Newest first, all of them within the window and visible to the reader. */
  readonly rows: readonly GateSummary[];
  readonly window_s: number;
  readonly now_s: number;
  readonly waivers: ReadonlyMap<string, WaiverMark>;
  /** By change; absent where it names no run. */
  readonly spending: ReadonlyMap<string, readonly NamedRun[]>;
  /** Releases of artifacts that were asked for and answered. */
  readonly shipments: readonly AskedShipment[];
}

const WEEK_S = 7 * 86_400;
const DAY_S = 86_400;
const AGES: readonly (readonly [name: string, below_days: number])[] = [["under 7 days", 7], ["7 to 29 days", 30], ["30 to 89 days", 90], ["90 days and more", Infinity]];

interface Change {
  /** Newest first. */
  readonly rows: readonly GateSummary[];
  readonly newest: GateSummary;
}

function changesOf(rows: readonly GateSummary[]): Change[] {
  return [...Map.groupBy(rows, ({ change }) => change).values()].flatMap((group) => (group[0] === undefined ? [] : [{ rows: group, newest: group[0] }]));
}

const released = ({ rows }: Change, kind?: "approve" | "override") => rows.flatMap(({ releases }) => releases).filter((one) => kind === undefined || one.kind === kind);

function byClass(changes: readonly Change[]): Kpi[] {
  const head = { id: "changes", title: "Changes gated", formula: "distinct heads by repository and target with an attempt in the window, by the actor class of the newest", goal: null, unit: "changes" } as const;
  const counts = ACTOR_CLASSES.map((name) => [name, changes.filter(({ newest }) => newest.actor === name).length] as const);
  const verdicts = VERDICTS.map((name) => [name, changes.filter(({ newest }) => newest.verdict === name).length] as const);
  return [
    measured(head, { n: changes.length, value: BigInt(changes.length), parts: Object.fromEntries(counts) }),
    measured({ ...head, id: "changes.by-verdict", title: "Changes by newest verdict", formula: "the same changes by the verdict of their newest attempt in the window" }, { n: changes.length, value: BigInt(changes.length), parts: Object.fromEntries(verdicts) }),
  ];
}

function autonomous(changes: readonly Change[], window_s: number): Kpi {
  const head = { id: "changes.autonomous", title: "Autonomous agent changes", formula: "changes of class agent whose newest attempt admits and names no release, times 7 days, over the window", goal: ">= 280 a week", unit: "changes a week" } as const;
  const agents = changes.filter(({ newest }) => newest.actor === "agent");
  const alone = agents.filter((change) => change.newest.verdict === "admit" && change.newest.releases.length === 0).length;
  return measured(head, { n: agents.length, value: ratio(BigInt(alone) * BigInt(WEEK_S), BigInt(window_s), SHARE_SCALE), scale: SHARE_SCALE, parts: { admitted_alone: alone, agent_changes: agents.length } });
}

function overrides(changes: readonly Change[]): Kpi {
  const head = { id: "override.rate", title: "Reviewer overrides", formula: "changes with an override that counted, over changes", goal: "< 0.5 %", unit: "percent" } as const;
  const count = changes.filter((change) => released(change, "override").length > 0).length;
  const value = percent(count, changes.length);
  return value === null ? unmeasured(head, "no change was gated in the window") : measured(head, { n: changes.length, value, scale: SHARE_SCALE, parts: { overridden: count } });
}

function approvals(rows: readonly GateSummary[], changes: readonly Change[], from_s: number): Kpi {
  const head = { id: "approvals", title: "Approvals", formula: "distinct approvals signed in the window and named as counting by an attempt in it", goal: null, unit: "releases" } as const;
  const given = new Set(rows.flatMap(({ releases }) => releases).filter(({ kind, at_s }) => kind === "approve" && at_s >= from_s).map(({ log_index, at_s, person }) => `${log_index} ${at_s} ${person}`));
  return measured(head, { n: given.size, value: BigInt(given.size), parts: { changes_approved: changes.filter((change) => released(change, "approve").length > 0).length } });
}

function spread(head: Parameters<typeof measured>[0], values: readonly number[], absent: string): Kpi {
  if (values.length === 0) return unmeasured(head, absent);
  const p50 = nearestRank(values, 50);
  return measured(head, { n: values.length, value: BigInt(p50), parts: { p50, p90: nearestRank(values, 90) } });
}

/** From the first attempt that did not admit, whenever that was. */
function waits(changes: readonly Change[], from_s: number): Kpi[] {
  const review: number[] = [];
  const release: number[] = [];
  for (const { rows } of changes) {
    const oldestFirst = rows.toReversed();
    const first = oldestFirst.flatMap(({ releases }) => releases).toSorted((a, b) => a.at_s - b.at_s)[0];
    const admitted = oldestFirst.find(({ verdict, releases }) => verdict === "admit" && releases.length > 0);
    const since = admitted?.held_s ?? rows[0]?.held_s ?? null;
    if (since === null) continue;
    if (first !== undefined && first.at_s >= Math.max(since, from_s)) review.push(first.at_s - since);
    if (admitted !== undefined) release.push(admitted.at_s - since);
  }
  return [
    spread({ id: "reviewer.time", title: "Reviewer time", formula: "from a change's first hold or refusal to the first release that a person signed for it; nearest rank, p50. It bounds the time a person spent from above: when they began to look is not known", goal: "down 60 %", unit: "s" }, review, "no release was signed in the window"),
    spread({ id: "release.time", title: "Time to release", formula: "from a change's first hold or refusal to its first admit that names a release; nearest rank, p50", goal: null, unit: "s" }, release, "no change was admitted after a release in the window"),
  ];
}

function costs(changes: readonly Change[], spending: ReportInput["spending"]): Kpi[] {
  const head = { id: "cost.reported", title: "Reported cost per change", formula: "micro-USD of the distinct runs that agents reported, over the changes that name a priced run; a run that made several heads counts once, a change without a price is left out and not counted as free", goal: "<= $0.16", unit: "micro_usd" } as const;
  const named = new Map(changes.flatMap(({ newest }) => (spending.get(newest.change) ?? []).map((one) => [one.run, one.totals] as const)));
  const totals = [...named.values()].filter((one) => one !== null);
  const total = totals.reduce((sum, { micro_usd }) => sum + BigInt(micro_usd ?? 0), 0n);
  const priced = changes.filter(({ newest }) => (spending.get(newest.change) ?? []).some((one) => (one.totals?.micro_usd ?? null) !== null)).length;
  const made = totals.every(({ calls_made }) => calls_made !== null) ? totals.reduce((sum, { calls_made }) => sum + BigInt(calls_made ?? 0), 0n) : null;
  const coverage = { changes_without_price: changes.length - priced, runs_named: named.size, runs_reported: totals.length, calls_reported: totals.reduce((sum, { calls_reported }) => sum + BigInt(calls_reported), 0n), ...(made === null ? {} : { calls_made: made }) };
  const rows = changes.flatMap((change) => change.rows);
  const timed = changes.filter((change) => change.rows.every(({ cpu_us }) => cpu_us !== null));
  const cpu = timed.flatMap((change) => change.rows).reduce((sum, { cpu_us }) => sum + BigInt(cpu_us ?? 0), 0n);
  const wall = rows.reduce((sum, { wall_us }) => sum + BigInt(wall_us), 0n);
  const per = (id: string, title: string, what: string, sum: bigint, n: number): Kpi => {
    const about = { id, title, formula: `${what} of all attempts in the window, over their changes`, goal: "down 10 %", unit: "us" } as const;
    return n === 0 ? unmeasured(about, "no attempt in the window has it on record") : measured(about, { n, value: ratio(sum, BigInt(n), 0), parts: { total: sum } });
  };
  return [
    priced === 0 ? unmeasured(head, "no agent reported what a change of the window cost") : measured(head, { n: priced, value: ratio(total, BigInt(priced), 0), parts: { total, ...coverage } }),
    per("cost.cpu", "Processor time per change", "processor time of check processes and sandboxes", cpu, timed.length),
    per("cost.wall", "Gate time per change", "time from start to evidence", wall, changes.length),
  ];
}

function evidence(rows: readonly GateSummary[]): Kpi {
  const head = { id: "evidence.coverage", title: "Decisions with signed evidence", formula: "attempts with an entry in the log, over attempts; 100 by construction, as both are one transaction", goal: "100 %", unit: "percent" } as const;
  const value = percent(rows.length, rows.length);
  return value === null ? unmeasured(head, "no change was gated in the window") : measured(head, { n: rows.length, value, scale: SHARE_SCALE });
}

function waiversByAge({ rows, waivers, now_s }: ReportInput): Kpi {
  const head = { id: "waivers.by-age", title: "Waivers met, by age", formula: "distinct waivers that spoke of a finding in the window, by the time since this node first met them; a renewed date is no new waiver", goal: null, unit: "waivers" } as const;
  const met = [...new Set(rows.flatMap((row) => row.waivers))].flatMap((id) => waivers.get(id) ?? []);
  const standing = met.filter(({ state }) => state === "accepted");
  const ages = standing.map(({ first_s }) => Math.max(0, now_s - first_s) / DAY_S);
  const bucket = (from: number, below: number): number => ages.filter((age) => age >= from && age < below).length;
  const parts = AGES.map(([name, below], at) => [name, bucket(AGES[at - 1]?.[1] ?? 0, below)] as const);
  return measured(head, { n: met.length, value: BigInt(standing.length), parts: { ...Object.fromEntries(parts), no_longer_counting: met.length - standing.length } });
}

export function kpisOf(input: ReportInput): Kpi[] {
  const { rows, window_s, now_s, spending } = input;
  const changes = changesOf(rows);
  const from_s = now_s - window_s;
  return [
    ...byClass(changes), autonomous(changes, window_s), overrides(changes), approvals(rows, changes, from_s), ...waits(changes, from_s),
    ...costs(changes, spending), waiversByAge(input), evidence(rows), ...shipmentKpis(input.shipments), ...NOT_MEASURED.map(([head, because]) => unmeasured(head, because)),
  ];
}

/** Changes per rule; a rule that refused and held one change counts in both. Most held or refused first. */
export function rulesOf(rows: readonly GateSummary[]): RuleFigure[] {
  const found = new Map<string, Record<"refused" | "held" | "would", Set<string>>>();
  for (const row of rows) {
    for (const how of ["refused", "held", "would"] as const) {
      for (const rule of row[how]) {
        const sets = found.get(rule) ?? { refused: new Set<string>(), held: new Set<string>(), would: new Set<string>() };
        sets[how].add(row.change);
        found.set(rule, sets);
      }
    }
  }
  const figures = [...found].map(([rule, { refused, held, would }]) => ({ rule, refused: refused.size, held: held.size, would: would.size }));
  return figures.sort((a, b) => b.refused + b.held - a.refused - a.held || b.would - a.would || (a.rule < b.rule ? -1 : 1));
}

/** Only where the host asks for it. */
export function peopleOf(rows: readonly GateSummary[]): { readonly releases: PersonFigure[]; readonly users: UserFigure[] } {
  const releases = new Map(rows.flatMap((row) => row.releases).map((one) => [`${one.log_index} ${one.at_s} ${one.person}`, one]));
  const byPerson = Map.groupBy(releases.values(), ({ person }) => person);
  const byUser = Map.groupBy(rows, ({ owner_uid }) => owner_uid);
  const count = (list: readonly { readonly kind: string }[], kind: string): number => list.filter((one) => one.kind === kind).length;
  return {
    releases: [...byPerson].map(([person, list]) => ({ person, approvals: count(list, "approve"), overrides: count(list, "override") })).sort((a, b) => (a.person < b.person ? -1 : 1)),
    users: [...byUser].map(([uid, list]) => ({ uid, changes: new Set(list.map(({ change }) => change)).size, wall_us: list.reduce((sum, { wall_us }) => sum + wall_us, 0), cpu_us: list.reduce((sum, { cpu_us }) => sum + (cpu_us ?? 0), 0) })).sort((a, b) => a.uid - b.uid),
  };
}
