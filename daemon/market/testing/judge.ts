/** What a market is accepted by, all of it at once: each of these alone is met by something that is no market (learning.md, section 3). */
import type { PricerSettings } from "../../../kernels/oco/index.ts";
import { certified } from "../core/certificate.ts";
import { fixedOfEqualUse, peakOf, totalOf } from "../core/control.ts";
import type { Columns } from "../../../kernels/oco/loss.ts";
import { exactRegret, paidLosses } from "../../../kernels/oco/regret.ts";
import { SHORT_SLACK } from "../core/shares.ts";
import { PEAK_SLOTS, USD } from "./azure.ts";
import type { Answer, Run } from "./simulate.ts";

const BAR = { peak: -0.18, net: -0.02, capped: 0.05, jain: 0.92 } as const;
/** Prices of a GPU second under which a control of equal spend is sought, beside none: it may buy its lower peak with another resource. */
const OTHER_PRICES = [0, 0.002] as const;
const WINDOW_MS = { short: 60_000, long: 300_000 } as const;

export interface Judged<Figures> {
  readonly figures: Figures;
  /** What it fails by, a sentence each. */
  readonly failures: readonly string[];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const failed = (rules: readonly (readonly [holds: boolean, sentence: string])[]): string[] => rules.flatMap(([holds, sentence]) => (holds ? [] : [sentence]));

export interface MarketCase {
  readonly run: Run;
  /** The same requests at no price. */
  readonly free: Run;
  readonly settings: PricerSettings;
  /** Of the requests, with every arm open. */
  readonly columns: Columns;
  /** Exact regret is computed at every so many slots, and at the end; at the others the linear one, which bounds it. */
  readonly exact_every: number;
}

export function judgeMarket({ run, free, settings, columns, exact_every }: MarketCase) {
  const box = settings.resources;
  // Regret is that of the use that work had when it began: who reports it late or not at all is judged by it all the same.
  const both = certified(settings, run.rows.map(({ prices }, i) => ({ prices, use: (run.began[i] ?? []).map((used) => [used]) })));
  const paid = paidLosses(columns, box, run.rows.map(({ prices }) => prices));
  const ends = both.map((_, i) => i + 1).filter((slots) => slots % exact_every === 0 || slots === both.length);
  const exact = ends.map((slots) => ({ slots, ...exactRegret(columns, box, paid, slots) }));
  const most = (sides: readonly (readonly [regret: number, promise: number])[]): number => Math.max(...sides.map(([regret, promise]) => regret - promise));
  const spend = totalOf(run.began, USD);
  const change = (of: number, to: number): number => of / to - 1;
  const peak = (use: readonly (readonly number[])[]): number => change(peakOf(use, USD, PEAK_SLOTS), peakOf(free.began, USD, PEAK_SLOTS));
  const controls = OTHER_PRICES.map((gpu) => peak(fixedOfEqualUse(columns, box, USD, spend, [0, gpu]).use));
  const figures = {
    peak: peak(run.began),
    spend: change(spend, totalOf(free.began, USD)),
    net: change(run.net, free.net),
    control_peak: Math.min(...controls),
    regret: exact.at(-1)?.regret ?? Number.NaN,
    regret_error: Math.max(...exact.map(({ error }) => error)),
    regret_linear: both.at(-1)?.regret ?? Number.NaN,
    promise: both.at(-1)?.promise ?? Number.NaN,
    /** Largest of regret less promise, over prefixes. */
    over_promise: most(both.map(({ regret, promise }) => [regret, promise])),
    exact_over_promise: most(exact.map(({ slots, regret, error }) => [regret + error, both[slots - 1]?.promise ?? 0])),
    exact_over_linear: most(exact.map(({ slots, regret, error }) => [regret - error, both[slots - 1]?.regret ?? 0])),
    capped: run.rows.filter(({ prices }) => prices.some((price, i) => price >= (box[i]?.price_max ?? 0))).length / run.rows.length,
  };
  const failures = failed([
    [figures.peak <= BAR.peak, `peak of 60 s changes by ${percent(figures.peak)}; ${percent(BAR.peak)} is asked for`],
    [figures.peak < figures.control_peak, `peak changes by ${percent(figures.peak)}, under a fixed price of equal spend by ${percent(figures.control_peak)}`],
    [figures.net >= BAR.net, `net value changes by ${percent(figures.net)}; ${percent(BAR.net)} is allowed`],
    [figures.over_promise <= 1e-9, `regret is above the promise by ${figures.over_promise.toFixed(2)} at some prefix`],
    [figures.exact_over_promise <= 1e-9, `exact regret is above the promise by ${figures.exact_over_promise.toFixed(2)} at some prefix`],
    [figures.capped <= BAR.capped, `a price is at its cap in ${percent(figures.capped)} of slots; ${percent(BAR.capped)} is allowed`],
  ]);
  return { figures, failures } satisfies Judged<typeof figures>;
}

/** The least share over all windows of `length_ms` that lie within the time of the answers, wherever they begin. */
export function worstShare(answers: readonly Answer[], length_ms: number, end_ms: number): number {
  let [served, due, first, past, worst] = [0, 0, 0, 0, Number.POSITIVE_INFINITY];
  // The window is (from, from + length]; what is in it changes only where a request enters or leaves.
  for (let from = -1; from + length_ms <= end_ms; ) {
    for (; past < answers.length && (answers[past] as Answer).at_ms <= from + length_ms; past++) {
      served += (answers[past] as Answer).served;
      due += (answers[past] as Answer).due;
    }
    for (; first < past && (answers[first] as Answer).at_ms <= from; first++) {
      served -= (answers[first] as Answer).served;
      due -= (answers[first] as Answer).due;
    }
    if (first < past) worst = Math.min(worst, served / due);
    const [leaves, enters] = [answers[first]?.at_ms ?? Number.POSITIVE_INFINITY, (answers[past]?.at_ms ?? Number.POSITIVE_INFINITY) - length_ms];
    from = Math.min(leaves, enters);
  }
  return worst;
}

export function judgeShares(answers: readonly Answer[], floors: readonly number[], jain: (shares: readonly number[]) => number) {
  const end_ms = answers.at(-1)?.at_ms ?? 0;
  const of = floors.map((_, tenant) => answers.filter((answer) => answer.tenant === tenant));
  const shares = of.map((own) => own.reduce((sum, { served }) => sum + served, 0) / own.reduce((sum, { due }) => sum + due, 0));
  const worst = of.map((own) => ({ short: worstShare(own, WINDOW_MS.short, end_ms), long: worstShare(own, WINDOW_MS.long, end_ms) }));
  const figures = { jain: jain(shares), least: Math.min(...shares), short: Math.min(...worst.map(({ short }) => short)), long: Math.min(...worst.map(({ long }) => long)) };
  const failures = failed([
    [figures.jain >= BAR.jain, `Jain's index is ${figures.jain.toFixed(3)}; ${BAR.jain} is asked for`],
    ...floors.flatMap((floor, tenant) => [
      [(worst[tenant]?.short ?? 0) >= floor - SHORT_SLACK, `tenant ${tenant} gets ${percent(worst[tenant]?.short ?? 0)} in some 60 s; ${percent(floor - SHORT_SLACK)} is promised`] as const,
      [(worst[tenant]?.long ?? 0) >= floor, `tenant ${tenant} gets ${percent(worst[tenant]?.long ?? 0)} over some 5 min; ${percent(floor)} is promised`] as const,
    ]),
  ]);
  return { figures, failures } satisfies Judged<typeof figures>;
}
