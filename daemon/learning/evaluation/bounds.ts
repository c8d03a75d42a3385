/**
 * Bounds that hold for any number of rows and any distribution between known ends. A rare harm that was not seen is not
 * absent: an interval from the spread of the sample alone misses it as often as the sample does.
 */
import type { OffPolicy } from "../../../kernels/ope/index.ts";

/** Values with ends that are known beforehand, never taken from the sample. */
export interface Bounded {
  readonly values: Float64Array;
  readonly least: number;
  readonly most: number;
}

/** Rounding may leave a value outside of its ends by so much of their distance; one further out is a wrong end. */
const ROUNDING = 1e-9;

function scaled({ values, least, most }: Bounded): Float64Array {
  if (!(most > least)) throw new RangeError(`values between ${least} and ${most}`);
  const range = most - least;
  return values.map((value) => {
    const x = (value - least) / range;
    if (!(x >= -ROUNDING && x <= 1 + ROUNDING)) throw new RangeError(`a value of ${value} is not between ${least} and ${most}, which were said to be its ends`);
    return Math.min(Math.max(x, 0), 1);
  });
}

/**
 * One side alone: a number that the mean is below with probability at most `alpha`; `least` where nothing was seen.
 * The bets win as soon as the wealth is ever large enough, so rows have to come in an order that time had no part in:
 * a log that was good first and bad later would be won over its first half.
 */
export function lowerBound(kernel: OffPolicy, of: Bounded, alpha: number): number {
  if (of.values.length === 0) return of.least;
  return of.least + (of.most - of.least) * kernel.bettingLower(scaled(of), alpha);
}

/** The same from above, one side alone: the bound of what is left to `most`. */
export function upperBound(kernel: OffPolicy, { values, least, most }: Bounded, alpha: number): number {
  return -lowerBound(kernel, { values: values.map((value) => -value), least: -most, most: -least }, alpha);
}

/** Empirical Bernstein (Maurer and Pontil 2009, Theorem 4, which is one-sided with ln(2 / delta)) below and above, `alpha` over both. */
export function bernstein(kernel: OffPolicy, { values, least, most }: Bounded, alpha: number): { readonly lower: number; readonly upper: number } {
  const n = values.length;
  if (n < 2) return { lower: least, upper: most };
  const mean = meanOf(values);
  const spread = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (n - 1);
  const log = kernel.ln(4 / alpha);
  const width = (7 * (most - least) * log) / (3 * (n - 1)) + Math.sqrt((2 * log * spread) / n);
  return { lower: Math.max(least, mean - width), upper: Math.min(most, mean + width) };
}

export function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Smallest of what a sum of `rows` independent terms of mean zero, variance `variance` together and size at most `most` exceeds with probability at most `alpha`, either way (Bernstein's inequality). */
export function deviation(kernel: OffPolicy, variance: number, most: number, alpha: number): number {
  const log = kernel.ln(2 / alpha);
  return (most * log) / 3 + Math.sqrt((most * log * most * log) / 9 + 2 * variance * log);
}

/** Places of `rows` rows in an order that is the same everywhere and has nothing to do with time (Fisher and Yates; xorshift, Marsaglia 2003). */
export function shuffled(rows: number): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  let state = 2_463_534_242;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = rows - 1; i > 0; i--) {
    const at = next() % (i + 1);
    const kept = order[i] ?? 0;
    order[i] = order[at] ?? 0;
    order[at] = kept;
  }
  return order;
}
