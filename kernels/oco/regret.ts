/**
 * Regret against the best fixed price, to a printed error. The loss is convex and piecewise linear, so every
 * subgradient is a cut below it, and any mixture of cuts has its least value over a box of prices in closed form: a
 * lower bound, whatever was sampled. Kelley's method (1960) looks for the best mixture, by the simplex method over
 * columns made one at a time, until that bound meets the best price seen. Pure.
 */
import { type Columns, lossAt, type PricedBox } from "./loss.ts";

export interface BestPrice {
  readonly prices: readonly number[];
  readonly loss: number;
  /** `loss` is above the least by at most this: what is left between it and the lower bound, and rounding. */
  readonly error: number;
  readonly evaluations: number;
}

const EVALUATIONS_MAX = 500;
const PIVOTS_MAX = 10_000;
/** Relative to the loss; piecewise linear functions are met exactly, so this is rounding. */
const CLOSE = 1e-12;

interface Column {
  readonly gain: number;
  readonly rows: readonly number[];
}

/** Solves a square system of at most nine rows by elimination with the largest pivot; `null` where it has no one solution. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const n = rows.length;
  for (let c = 0; c < n; c++) {
    let at = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(rows[r]?.[c] ?? 0) > Math.abs(rows[at]?.[c] ?? 0)) at = r;
    const pivot = rows[at] as number[];
    [rows[at], rows[c]] = [rows[c] as number[], pivot];
    const top = pivot[c] ?? 0;
    if (top === 0) return null;
    for (let r = 0; r < n; r++) {
      const row = rows[r] as number[];
      const factor = r === c ? 0 : (row[c] ?? 0) / top;
      if (factor !== 0) for (let k = c; k <= n; k++) row[k] = (row[k] ?? 0) - factor * (pivot[k] ?? 0);
    }
  }
  return rows.map((row, i) => (row[n] ?? 0) / (row[i] ?? 1));
}

const transposed = (columns: readonly Column[]): number[][] => (columns[0]?.rows ?? []).map((_, i) => columns.map(({ rows }) => rows[i] ?? 0));

/** The best mixture of cuts so far: its weights are those of the basis, its value the lower bound. */
interface Mixture {
  basis: Column[];
  weights: number[];
}

const valueOf = ({ basis, weights }: Mixture): number => basis.reduce((sum, { gain }, i) => sum + gain * (weights[i] ?? 0), 0);

/** Brings `column` into the basis; false where rounding leaves no pivot. */
function enter(mixture: Mixture, column: Column): boolean {
  const right = column.rows.map((_, i) => (i === column.rows.length - 1 ? 1 : 0));
  const direction = solve(transposed(mixture.basis), column.rows);
  if (direction === null) return false;
  let leaving = -1;
  let least = Number.POSITIVE_INFINITY;
  const size = Math.max(...direction.map(Math.abs));
  direction.forEach((d, i) => {
    const ratio = d > 1e-12 * size ? (mixture.weights[i] ?? 0) / d : Number.POSITIVE_INFINITY;
    if (ratio < least) [least, leaving] = [ratio, i];
  });
  if (leaving === -1) return false;
  const basis = mixture.basis.with(leaving, column);
  const weights = solve(transposed(basis), right);
  if (weights === null) return false;
  // Weights below zero are rounding: at zero they still mix a true bound, for the sum of cuts is made one again.
  mixture.basis = basis;
  mixture.weights = weights.map((weight) => Math.max(0, weight));
  return true;
}

/** Bound on the loss over the whole box from the cuts that `mixture` weighs, made anew from them so that no pivot's rounding is in it. */
function lowerBound({ basis, weights }: Mixture, box: readonly PricedBox[]): number {
  const d = box.length;
  let total = 0;
  let gain = 0;
  const slope = box.map(() => 0);
  basis.forEach((column, i) => {
    if (column.rows[d] !== 1) return;
    const weight = weights[i] ?? 0;
    total += weight;
    gain += weight * column.gain;
    for (let k = 0; k < d; k++) slope[k] = (slope[k] ?? 0) + weight * (column.rows[k] ?? 0);
  });
  if (total <= 0) return Number.NEGATIVE_INFINITY;
  return (gain + slope.reduce((sum, g, k) => sum + Math.min(0, g * (box[k]?.price_max ?? 0)), 0)) / total;
}

/** The fixed prices of least loss over the first `slots` slots; `start` is where it begins to look. */
export function bestPrice(columns: Columns, box: readonly PricedBox[], slots: number, start: readonly number[] = box.map(() => 0)): BestPrice {
  const d = box.length;
  const unit = (i: number, sign: number): number[] => Array.from({ length: d + 1 }, (_, k) => (k === i ? sign : 0));
  const walls: Column[] = box.flatMap(({ price_max }, i) => [{ gain: -price_max, rows: unit(i, 1) }, { gain: 0, rows: unit(i, -1) }]);
  const cuts: Column[] = [];
  let found = { prices: start, loss: Number.POSITIVE_INFINITY, rounding: 0 };
  let evaluations = 0;
  const cutAt = (prices: readonly number[]): Column => {
    const { value, gradient, rounding } = lossAt(columns, box, 0, prices, slots);
    evaluations++;
    if (value < found.loss) found = { prices, loss: value, rounding };
    const cut = { gain: value - gradient.reduce((sum, g, i) => sum + g * (prices[i] ?? 0), 0), rows: [...gradient, 1] };
    cuts.push(cut);
    return cut;
  };
  const first = cutAt(start);
  const mixture: Mixture = { basis: [...box.map((_, i) => walls[2 * i + ((first.rows[i] ?? 0) <= 0 ? 0 : 1)] as Column), first], weights: [...box.map((_, i) => Math.abs(first.rows[i] ?? 0)), 1] };
  let bound = lowerBound(mixture, box);
  for (let pivots = 0; pivots < PIVOTS_MAX; pivots++) {
    bound = Math.max(bound, lowerBound(mixture, box));
    const close = CLOSE * (1 + Math.abs(found.loss)) + found.rounding;
    if (found.loss - bound <= close) break;
    const multipliers = solve(mixture.basis.map(({ rows }) => [...rows]), mixture.basis.map(({ gain }) => gain));
    if (multipliers === null) break;
    const worthOf = ({ gain, rows }: Column): number => gain - rows.reduce((sum, row, i) => sum + row * (multipliers[i] ?? 0), 0);
    const known = [...walls, ...cuts].reduce<{ column: Column | null; worth: number }>((most, column) => (worthOf(column) > most.worth ? { column, worth: worthOf(column) } : most), { column: null, worth: 1e-12 * (1 + Math.abs(valueOf(mixture))) });
    if (known.column === null && evaluations >= EVALUATIONS_MAX) break;
    const column = known.column ?? cutAt(box.map(({ price_max }, i) => Math.min(Math.max(-(multipliers[i] ?? 0), 0), price_max)));
    if (!enter(mixture, column)) break;
  }
  return { prices: found.prices, loss: found.loss, error: Math.max(0, found.loss - bound) + found.rounding, evaluations };
}

/** Loss under the prices in force, up to and with a slot. */
export interface Paid {
  readonly loss: number;
  readonly rounding: number;
}

/** Of every prefix of the slots, under the prices that were in force in each. */
export function paidLosses(columns: Columns, box: readonly PricedBox[], prices: readonly (readonly number[])[]): Paid[] {
  let [loss, rounding] = [0, 0];
  return prices.map((in_force, slot) => {
    const own = lossAt(columns, box, slot, in_force, slot + 1);
    loss += own.value;
    rounding += own.rounding + Math.abs(loss) * 2 ** -53;
    return { loss, rounding };
  });
}

export interface Regret {
  /** Loss under the prices in force less that under the best fixed ones; below zero where moving prices did better than any fixed one. */
  readonly regret: number;
  readonly error: number;
  readonly best: BestPrice;
}

/** Of the first `slots` slots, of which `paid` are the losses. */
export function exactRegret(columns: Columns, box: readonly PricedBox[], paid: readonly Paid[], slots: number, start?: readonly number[]): Regret {
  const best = bestPrice(columns, box, slots, start);
  const own = paid[slots - 1] ?? { loss: 0, rounding: 0 };
  return { regret: own.loss - best.loss, error: own.rounding + best.error, best };
}
