/** Reads the window's summaries a page at a time, so that nobody waits behind a report, and counts what the reader may see. */
import { EVERY_REPOSITORY, type ReportReply } from "../../proto/report-kpi.ts";
import type { AskedKey, AskedShipment, ShipmentIndex } from "../store/shipment-index.ts";
import type { GateSummary, Summaries, SummaryKey, WaiverMark } from "../store/summaries.ts";
import { summaryKey } from "../store/summaries.ts";
import { timestampOf } from "../verifier/time.ts";
import { kpisOf, peopleOf, rulesOf, type NamedRun } from "./kpis.ts";

export interface ReporterDeps {
  readonly summaries: Summaries;
  readonly gates: { count(): number };
  readonly shipped: Pick<ShipmentIndex, "asked">;
  /** Seconds that count as now: the log's time. */
  readonly now_s: () => number;
  /** The runs that a change names, with what was reported of each. */
  readonly spending: (change: string) => readonly NamedRun[];
  readonly per_person: boolean;
}

export interface ReportAsk {
  readonly window_s: number;
  /** `*`: every one. */
  readonly repository: string;
  /** Whether the reader may see a gate; what it may not see is in no figure. */
  readonly sees: (row: Pick<GateSummary, "owner_uid" | "owner_tenant" | "repo_id" | "head">) => boolean;
  /** Whether the reader may hear of gates that nobody can count. */
  readonly operator: boolean;
}

const PAGE_ROWS = 500;
/** A report is for people; who wants more asks for a shorter window. */
const ROWS_MAX = 200_000;
const RULES_MAX = 500;
const PEOPLE_MAX = 500;

export class Reporter {
  constructor(private readonly deps: ReporterDeps) {}

  async report({ window_s, repository, sees, operator }: ReportAsk, rows_max = ROWS_MAX): Promise<ReportReply> {
    const { summaries, gates, now_s, spending, per_person } = this.deps;
    const to_s = now_s();
    const from_s = Math.max(0, to_s - window_s);
    const wanted = (row: Parameters<ReportAsk["sees"]>[0]): boolean => (repository === EVERY_REPOSITORY || row.repo_id === repository) && sees(row);
    const { rows, cut } = await this.rows(from_s, wanted, rows_max);
    const shipments = (await this.shipments(from_s)).filter(wanted);
    const input = { rows, window_s, now_s: to_s, waivers: this.marks(rows), spending: spent(rows, spending), shipments };
    const rules = rulesOf(rows);
    const people = per_person ? peopleOf(rows) : null;
    return {
      v: 1,
      window: { from: timestampOf(from_s), to: timestampOf(to_s), seconds: window_s },
      repository: repository === EVERY_REPOSITORY ? null : repository,
      gates: { counted: rows.length, cut, without_summary: operator ? gates.count() - summaries.count() : null },
      kpis: kpisOf(input),
      rules: rules.slice(0, RULES_MAX),
      rules_cut: Math.max(0, rules.length - RULES_MAX),
      people: people === null ? null : { releases: people.releases.slice(0, PEOPLE_MAX), users: people.users.slice(0, PEOPLE_MAX) },
    };
  }

  private async rows(from_s: number, wanted: (row: GateSummary) => boolean, rows_max: number): Promise<{ rows: GateSummary[]; cut: boolean }> {
    const rows: GateSummary[] = [];
    let before: SummaryKey | null = null;
    for (let read = 0; read < rows_max; ) {
      const page = this.deps.summaries.page(from_s, before, Math.min(PAGE_ROWS, rows_max - read));
      rows.push(...page.filter(wanted));
      read += page.length;
      const last = page.at(-1);
      if (last === undefined) return { rows, cut: false };
      before = summaryKey(last);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { rows, cut: this.deps.summaries.page(from_s, before, 1).length > 0 };
  }

  /** No more of them are kept than one report reads. */
  private async shipments(from_s: number): Promise<AskedShipment[]> {
    const found: AskedShipment[] = [];
    for (let before: AskedKey | null = null; ; ) {
      const page = this.deps.shipped.asked(from_s, before, PAGE_ROWS);
      found.push(...page.map(({ value }) => value));
      const last = page.at(-1);
      if (last === undefined) return found;
      before = last.key;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private marks(rows: readonly GateSummary[]): Map<string, WaiverMark> {
    const marks = new Map<string, WaiverMark>();
    for (const id of new Set(rows.flatMap(({ waivers }) => waivers))) {
      const mark = this.deps.summaries.waiver(id);
      if (mark !== undefined) marks.set(id, mark);
    }
    return marks;
  }
}

function spent(rows: readonly GateSummary[], spending: ReporterDeps["spending"]): Map<string, readonly NamedRun[]> {
  const found = new Map<string, readonly NamedRun[]>();
  for (const change of new Set(rows.map((row) => row.change))) {
    const one = spending(change);
    if (one.length > 0) found.set(change, one);
  }
  return found;
}
