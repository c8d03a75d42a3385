/** Bootstrap intervals, for reports and never for a verdict: they know no more of what was not seen than the sample does. */
import type { OffPolicy } from "../../../kernels/ope/index.ts";
import { meanOf } from "./bounds.ts";

/** Rows that the kernel resamples at once. */
const ROWS_MAX = 1 << 20;
const RESAMPLES = { least: 200, most: 2_000, draws: 50_000_000 } as const;
const SEED = 20_221;

interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** Normal distribution function by the incomplete gamma function (DLMF 7.11.1). */
function normal(kernel: OffPolicy, z: number): number {
  if (z === 0) return 0.5;
  const half = 0.5 * kernel.exp(kernel.lowerGammaLn(0.5, (z * z) / 2) - kernel.gammaLn(0.5));
  return z > 0 ? 0.5 + half : 0.5 - half;
}

/** Its inverse, by halving: as exact as the function above. */
export function normalQuantile(kernel: OffPolicy, share: number): number {
  let [low, high] = [-8.5, 8.5];
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (normal(kernel, middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const at = (sorted: Float64Array, share: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.floor(share * sorted.length)))] ?? Number.NaN;

/** Percentile and BCa (Efron 1987; acceleration by the jackknife of a mean) of the mean of `values`; null where there are too few or too many rows. */
export function bootstrapped(kernel: OffPolicy, values: Float64Array, alpha: number): { readonly percentile: Interval; readonly bca: Interval } | null {
  const rows = values.length;
  if (rows < 2 || rows > ROWS_MAX) return null;
  const resamples = Math.max(RESAMPLES.least, Math.min(RESAMPLES.most, Math.floor(RESAMPLES.draws / rows)));
  const draws = kernel.bootstrap(values, null, resamples, SEED).sort();
  const mean = meanOf(values);
  const below = draws.reduce((count, draw) => count + (draw < mean ? 1 : draw === mean ? 0.5 : 0), 0) / resamples;
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    const d = value - mean;
    squares += d * d;
    cubes += d * d * d;
  }
  const acceleration = squares > 0 ? cubes / (6 * squares * Math.sqrt(squares)) : 0;
  const z = normalQuantile(kernel, Math.min(Math.max(below, 0.5 / resamples), 1 - 0.5 / resamples));
  const moved = (share: number): number => {
    const there = z + normalQuantile(kernel, share);
    return normal(kernel, z + there / (1 - acceleration * there));
  };
  const between = (low: number, high: number): Interval => ({ lower: at(draws, low), upper: at(draws, high) });
  return { percentile: between(alpha / 2, 1 - alpha / 2), bca: between(moved(alpha / 2), moved(1 - alpha / 2)) };
}
