/** What agents report of their model calls: totals by run, and which changes a run worked on. Every row belongs to who pays, so nobody reports on another's run. */
import { Type } from "@sinclair/typebox";
import { MaestroError } from "../../proto/errors.ts";
import { Closed, Count } from "../../proto/scalar.ts";
import { RUNS_PER_CHANGE_MAX, type ReportedUsage, type UsageReport } from "../../proto/usage.ts";
import type { Store } from "../store/db.ts";
import { LAST_TEXT } from "../store/table.ts";

const Known = Type.Union([Count, Type.Null()]);
const RunRow = Closed({ calls_made: Known, calls_reported: Count, tokens: Known, micro_usd: Known, at_s: Count });
const LinkRow = Closed({ at_s: Count });
const PayerRow = Closed({ runs: Count });

type Totals = Pick<UsageReport, "calls_made" | "calls_reported" | "tokens" | "micro_usd">;

/** One run of a change; `totals` null where it was named and never reported. */
export interface LinkedRun {
  /** Whose and which, as one word. */
  readonly run: string;
  readonly totals: Totals | null;
}

export interface RunUsage {
  /** Takes a run's totals. Whether they are news. Throws `request.malformed` for totals that fall or do not add up, `tenant.budget` where the payer has too many runs. */
  report(payer: string, report: UsageReport): boolean;
  /** Adds one call that this daemon made itself for that run. Throws `tenant.budget` as `report`. */
  count(payer: string, run_id: string, took: { readonly tokens: number; readonly micro_usd: number }): void;
  /** Joins runs to a change, up to `RUNS_PER_CHANGE_MAX` of each payer, so that nobody takes another's places; how many are new. */
  link(change: string, payer: string, runs: readonly string[]): number;
  /** Of one payer, or of all of them: then a run that one payer's agents reported is not missing because somebody else names it too. */
  of(change: string, payer?: string): readonly LinkedRun[];
}

export interface RunUsageDeps {
  readonly store: Store;
  readonly now_s: () => number;
  /** Runs kept of one payer. */
  readonly runs_max?: number;
}

const RUNS_MAX = 100_000;
/** Looked at with each new run, so that what is old goes without anybody waiting for it. */
const SWEEP_ROWS = 16;
const IDLE_S_MAX = 400 * 86_400;
/** Links of one change that are read; tenants are the operator's to name. */
const LINKS_MAX = 1_024 * RUNS_PER_CHANGE_MAX;

const fell = (before: number | null, now: number | null): boolean => before !== null && (now === null || now < before);

/** Why totals are refused; null where they are taken. Falling ones would let a run take back what it spent. */
function problemOf(before: Totals | undefined, now: Totals): string | null {
  if (now.calls_made !== null && now.calls_reported > now.calls_made) return `${now.calls_reported} calls reported of ${now.calls_made} made`;
  const names = ["calls_made", "calls_reported", "tokens", "micro_usd"] as const;
  const lower = before === undefined ? undefined : names.find((name) => fell(before[name], now[name]));
  return lower === undefined ? null : `${lower} of a run is a total and never falls: it was ${before?.[lower]}`;
}

export function openRunUsage({ store, now_s, runs_max = RUNS_MAX }: RunUsageDeps): RunUsage {
  const runs = store.table<readonly [string, string], typeof RunRow>("usage.runs", RunRow);
  const links = store.table<readonly [string, string, string], typeof LinkRow>("usage.links", LinkRow);
  const payers = store.table<string, typeof PayerRow>("usage.payers", PayerRow);

  function count(payer: string, by: number): void {
    payers.put(payer, { runs: Math.max(0, (payers.get(payer)?.runs ?? 0) + by) });
  }

  function linked(change: string, payer?: string) {
    const range = payer === undefined ? { start: [change, "", ""], end: [change, LAST_TEXT, ""], limit: LINKS_MAX } as const : { start: [change, payer, ""], end: [change, payer, LAST_TEXT], limit: RUNS_PER_CHANGE_MAX } as const;
    return [...links.entries(range)];
  }

  function sweep(payer: string): void {
    const old = [...runs.entries({ start: [payer, ""], end: [payer, LAST_TEXT], limit: SWEEP_ROWS })].filter(({ value }) => value.at_s < now_s() - IDLE_S_MAX);
    for (const { key } of old) runs.remove(key);
    if (old.length > 0) count(payer, -old.length);
  }

  function keep(payer: string, run_id: string, now: Totals, before: Totals | undefined): void {
    store.atomic(() => {
      if (before === undefined) {
        sweep(payer);
        if ((payers.get(payer)?.runs ?? 0) >= runs_max) throw new MaestroError("tenant.budget", `${payer}: usage of ${runs_max} runs is kept already; a run may be reported as often as it goes on`);
        count(payer, 1);
      }
      runs.put([payer, run_id], { ...now, at_s: now_s() });
    });
  }

  return {
    report(payer, { run_id, calls_made, calls_reported, tokens, micro_usd }) {
      const now: Totals = { calls_made, calls_reported, tokens, micro_usd };
      const before = runs.get([payer, run_id]);
      const problem = problemOf(before, now);
      if (problem !== null) throw new MaestroError("request.malformed", problem);
      if (before !== undefined && calls_made === before.calls_made && calls_reported === before.calls_reported && tokens === before.tokens && micro_usd === before.micro_usd) return false;
      keep(payer, run_id, now, before);
      return true;
    },
    count(payer, run_id, { tokens, micro_usd }) {
      const before = runs.get([payer, run_id]);
      const { calls_made = 0, calls_reported = 0, tokens: so_far = 0, micro_usd: spent = 0 } = before ?? {};
      // What was not known before is not known with one call more.
      const more = (known: number | null, by: number): number | null => (known === null ? null : known + by);
      keep(payer, run_id, { calls_made: more(calls_made, 1), calls_reported: calls_reported + 1, tokens: more(so_far, tokens), micro_usd: more(spent, micro_usd) }, before);
    },
    link(change, payer, named) {
      const room = RUNS_PER_CHANGE_MAX - linked(change, payer).length;
      const news = [...new Set(named)].filter((run) => links.get([change, payer, run]) === undefined).slice(0, Math.max(0, room));
      if (news.length > 0) store.atomic(() => news.forEach((run) => links.put([change, payer, run], { at_s: now_s() })));
      return news.length;
    },
    of(change, payer) {
      const found = linked(change, payer).map(({ key: [, whose, run_id] }) => ({ whose, run_id, totals: runs.get([whose, run_id]) ?? null }));
      const reported = new Set(found.flatMap(({ run_id, totals }) => (totals === null ? [] : run_id)));
      return found.filter(({ run_id, totals }) => totals !== null || !reported.has(run_id)).map(({ whose, run_id, totals }) => ({ run: `${whose} ${run_id}`, totals }));
    },
  };
}

/** A sum is not known where one of its parts is not. */
function sumOf(values: readonly (number | null)[]): bigint | null {
  return values.reduce<bigint | null>((sum, value) => (sum === null || value === null ? null : sum + BigInt(value)), 0n);
}

/** `null` where no run was named: not reported is not nothing. Pure. */
export function reportedUsage(linked: readonly LinkedRun[]): ReportedUsage | null {
  if (linked.length === 0) return null;
  const totals = linked.flatMap((one) => one.totals ?? []);
  const none = totals.length === 0;
  const whole = totals.length === linked.length;
  const bounded = (sum: bigint | null): number | null => (sum === null ? null : Number(sum > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : sum));
  const priced = totals.map(({ micro_usd }) => micro_usd).filter((one) => one !== null);
  return {
    runs_named: linked.length,
    runs_reported: totals.length,
    calls_made: whole ? bounded(sumOf(totals.map(({ calls_made }) => calls_made))) : null,
    calls_reported: bounded(sumOf(totals.map(({ calls_reported }) => calls_reported))) ?? 0,
    tokens: none ? null : bounded(sumOf(totals.map(({ tokens }) => tokens))),
    // What is priced is shown beside how much of it is: a part is a lower bound.
    micro_usd: priced.length === 0 ? null : String(sumOf(priced) ?? 0n),
  };
}
