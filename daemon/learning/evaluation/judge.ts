/**
 * Whether a candidate may replace what decided so far: high-confidence policy improvement (Thomas, Theocharous,
 * Ghavamzadeh 2015). Judged on rows that nobody searched, by bounds that hold at any sample size; what the rows
 * cannot tell is an answer of its own, never a yes.
 */
import type { OffPolicy } from "../../../kernels/ope/index.ts";
import type { EvaluationVerdict, GainForm } from "../../../proto/evaluation.ts";
import { type Bounded, meanOf } from "./bounds.ts";
import { amounts, type Ends, gains, type Judged } from "./gains.ts";
import { lowerOf, type Plan, upperOf } from "./plan.ts";

export interface Constrained extends Ends {
  readonly name: string;
  /** One for each row of the decisions. */
  readonly values: Float64Array;
  /** The mean under the candidate has to stay at or below this. */
  readonly max: number;
}

export interface Question {
  readonly judged: Judged;
  readonly reward: Ends;
  readonly constraints: readonly Constrained[];
  /** Places of the rows in the order of the bets. */
  readonly order: Uint32Array;
  /** How much less reward an episode may bring, in units of reward. */
  readonly margin: number;
  /** Chance of a wrong yes of this one question; see `shareOf`. */
  readonly share: number;
  /** Of the question that comes after this one: what is still needed is needed then. */
  readonly share_next: number;
  readonly plan: Plan;
}

export interface ConstraintAnswer {
  readonly name: string;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  readonly max: number;
  readonly answer: "kept" | "broken" | "unknown";
}

export interface Answer {
  readonly verdict: EvaluationVerdict;
  readonly gain: { readonly form: GainForm; readonly estimate: number; readonly lower: number; readonly upper: number; readonly needed: number };
  readonly constraints: readonly ConstraintAnswer[];
  /** Rows that are still needed, about; null where no number of them would help, or none is needed. */
  readonly more: number | null;
}

/** delta 6 / (pi^2 k^2) for the k-th question: however many are asked, the sum stays below delta. */
export const shareOf = (delta: number, tried: number): number => (delta * 6) / (Math.PI * Math.PI * tried * tried);

/** Both bounds of one thing, and where each is heading: the means of the rows that it is made of. */
interface Between {
  readonly lower: number;
  readonly upper: number;
  readonly low: number;
  readonly high: number;
  /** Rows that it takes about, where none has been seen: what the bets need to win if all that comes is good. */
  readonly rows_least: number;
}

/**
 * A yes needs every one of its bounds, so a wrong yes needs the one bound to fail that says what is not so: each may
 * have the whole share (intersection-union test, Berger 1982). A no needs one of them alone, so they share it.
 */
function between(kernel: OffPolicy, low: Bounded, high: Bounded, order: Uint32Array, yes: "lower" | "upper", share: number, parts: number, unit: number): Between {
  const lower = lowerOf(kernel, low, order, yes === "lower" ? share : share / parts);
  const upper = upperOf(kernel, high, order, yes === "upper" ? share : share / parts);
  const [a, b] = order.length === 0 ? [low.least, high.most] : [meanOf(low.values), meanOf(high.values)];
  return { lower, upper, low: a, high: b, rows_least: Math.ceil((2 * -kernel.ln(share) * (high.most - low.least)) / unit) };
}

/** Throws `RangeError` for rows whose values are outside of their ends: they are no decisions of this router. */
export function judge(kernel: OffPolicy, { judged, reward, constraints, order, margin, share, share_next, plan }: Question): Answer {
  const parts = 1 + constraints.length;
  const gain = between(kernel, gains(judged, reward, plan.gain, "lower"), gains(judged, reward, plan.gain, "upper"), order, "lower", share, parts, reward.most - reward.least);
  const needed = 0 - margin;
  const found = constraints.map((constraint, nth) => {
    const { values, least, most, max } = constraint;
    const writing = plan.constraints[nth] ?? { ...plan.gain, form: "from-least" as const };
    const at = between(kernel, amounts(judged, values, constraint, writing, "lower"), amounts(judged, values, constraint, writing, "upper"), order, "upper", share, parts, max > least ? max - least : most - least);
    const [lower, upper] = [Math.max(least + at.lower, least), Math.min(least + at.upper, most)];
    const answer: ConstraintAnswer["answer"] = upper <= max ? "kept" : lower > max ? "broken" : "unknown";
    return { at: { ...at, lower, upper, low: least + at.low, high: least + at.high }, said: { name: constraint.name, estimate: least + (at.low + at.high) / 2, lower, upper, max, answer } };
  });
  const answers = found.map(({ said }) => said);
  const verdict = verdictOf(gain, needed, answers);
  const more = verdict === "insufficient" ? moreOf(aheadOf(kernel, order.length, share, share_next), { ...gain, needed }, found.map(({ at, said }) => ({ ...at, max: said.max, answer: said.answer }))) : null;
  return { verdict, gain: { form: plan.gain.form, estimate: (gain.low + gain.high) / 2, lower: gain.lower, upper: gain.upper, needed }, constraints: answers, more };
}

function verdictOf({ lower, upper }: Pick<Between, "lower" | "upper">, needed: number, constraints: readonly ConstraintAnswer[]): EvaluationVerdict {
  if (upper < needed || constraints.some(({ answer }) => answer === "broken")) return "reject";
  if (lower >= needed && constraints.every(({ answer }) => answer === "kept")) return "promote";
  return "insufficient";
}

/** Fewer rows than this say little of how far they spread, so what they say is still needed is not believed below it. */
export const ROWS_TO_SAY = 100;

interface Ahead {
  readonly rows: number;
  /** By how much what a bound needs is more the next time: its share of delta is less. */
  readonly dearer: number;
  /** Of a bound's distance, what the mean may yet move by one of its own errors: without it every second answer would come too early. */
  readonly spare: number;
}

function aheadOf(kernel: OffPolicy, rows: number, share: number, share_next: number): Ahead {
  const [now, then] = [-kernel.ln(share), -kernel.ln(share_next)];
  return { rows, dearer: then / now, spare: 1 / Math.sqrt(2 * now) };
}

/** About how many rows would bring a bound from where it is to `goal`, when it heads for `mean`: its distance shrinks as the root of their number. Null where it heads elsewhere. */
function rowsNeeded({ rows, dearer, spare }: Ahead, mean: number, bound: number, goal: number, rows_least: number): number | null {
  if (rows === 0) return Math.max(ROWS_TO_SAY, Math.ceil(dearer * rows_least));
  const distance = Math.abs(mean - bound);
  const room = Math.abs(mean - goal);
  if (!(room > 0)) return null;
  const share = ((1 + spare) * distance) / room;
  const wanted = Math.max(Math.ceil(rows * dearer * share * share), rows < ROWS_TO_SAY ? ROWS_TO_SAY : 0, Math.ceil(dearer * rows_least), rows + 1) - rows;
  return wanted <= Number.MAX_SAFE_INTEGER ? wanted : null;
}

/** A no needs one bound, so the nearest of those that head for it; a yes needs all, so the farthest. */
function moreOf(ahead: Ahead, gain: Between & { readonly needed: number }, constraints: readonly (Between & Pick<ConstraintAnswer, "max" | "answer">)[]): number | null {
  const { rows } = ahead;
  const to_no = [
    ...(gain.high < gain.needed && rows > 0 ? [rowsNeeded(ahead, gain.high, gain.upper, gain.needed, gain.rows_least)] : []),
    ...constraints.filter(({ low, max }) => low > max && rows > 0).map(({ low, lower, max, rows_least }) => rowsNeeded(ahead, low, lower, max, rows_least)),
  ].filter((wanted) => wanted !== null);
  if (to_no.length > 0) return Math.min(...to_no);
  const to_yes = [
    ...(gain.lower >= gain.needed ? [] : [gain.low > gain.needed || rows === 0 ? rowsNeeded(ahead, gain.low, gain.lower, gain.needed, gain.rows_least) : null]),
    ...constraints.filter(({ answer }) => answer === "unknown").map(({ high, upper, max, rows_least }) => (high < max || rows === 0 ? rowsNeeded(ahead, high, upper, max, rows_least) : null)),
  ];
  return to_yes.reduce((most: number | null, wanted) => (most === null || wanted === null ? null : Math.max(most, wanted)), 0);
}
