/** Every estimator written out as its paper says, row by row. Slow and obvious; used by tests alone. */
import type { Estimate, Estimates, Tuning } from "./estimates.ts";
import type { Decisions, Model } from "./wasm.ts";

/** Neumaier's sum: what each addition loses is kept beside it. */
function sumOf(values: readonly number[]): number {
  let [sum, lost] = [0, 0];
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

const mean = (values: readonly number[]): number => sumOf(values) / values.length;

function estimate(values: readonly number[]): Estimate {
  const value = mean(values);
  const spread = sumOf(values.map((x) => (x - value) ** 2));
  return { value, se: values.length > 1 ? Math.sqrt(spread / (values.length - 1) / values.length) : Number.NaN };
}

export function referenceEstimates({ p_eval, p_log, reward }: Decisions, model: Model | null, { clip, switch_at, dros, subgaussian }: Tuning): Estimates {
  const r = [...reward];
  const w = [...p_eval].map((p, i) => p / (p_log[i] as number));
  const rows = r.map((_, i) => i);
  const per = (term: (w: number, r: number, i: number) => number): number[] => rows.map((i) => term(w[i] as number, r[i] as number, i));
  const weight = mean(w);
  const snips = mean(per((w, r) => w * r)) / weight;
  const q = (i: number): number => model?.q_logged[i] ?? Number.NaN;
  const v = (i: number): number => model?.q_pi[i] ?? Number.NaN;
  const subgaussianWeight = (w: number): number => w / (1 - subgaussian + subgaussian * w);
  const direct = {
    ips: estimate(per((w, r) => w * r)),
    snips: { value: snips, se: estimate(per((w, r) => (w * r) / weight)).se },
    clip_ips: estimate(per((w, r) => Math.min(w, clip) * r)),
    sg_ips: estimate(per((w, r) => subgaussianWeight(w) * r)),
    gain_ips: estimate(per((w, r) => w * r - r)),
  };
  const corrected = (shrink: (w: number) => number): Estimate => estimate(per((w, r, i) => v(i) + shrink(w) * (r - q(i))));
  const modelled = {
    dm: estimate(per((_w, _r, i) => v(i))),
    dr: corrected((w) => w),
    sndr: corrected((w) => w / weight),
    clip_dr: corrected((w) => Math.min(w, clip)),
    switch_dr: corrected((w) => (w <= switch_at ? w : 0)),
    dros: corrected((w) => (dros * w) / (w * w + dros)),
    sg_dr: corrected(subgaussianWeight),
    gain_dr: estimate(per((w, r, i) => v(i) + w * (r - q(i)) - r)),
  };
  return {
    rows: r.length,
    logged: estimate(r),
    values: model === null ? direct : { ...direct, ...modelled },
    snips_delta_se: Math.sqrt(sumOf(per((w, r) => (w * (r - snips)) ** 2))) / (r.length * weight),
    ess: sumOf(w) ** 2 / sumOf(w.map((x) => x * x)),
    weight: estimate(w),
    weight_max: Math.max(...w),
    weight_zero_rows: w.filter((x) => x === 0).length,
    propensity_min: Math.min(...p_log),
  };
}

/** The wealth of every row kept, no early end: whether it was ever 1 / alpha. */
export function referenceBet(values: readonly number[], mu: number, alpha: number): boolean {
  let [sum, squares, wealth, most] = [0, 0, 0, Number.NEGATIVE_INFINITY];
  values.forEach((x, t) => {
    const variance = (0.25 + squares) / (t + 1);
    const stake = Math.min(Math.sqrt((2 * Math.log(1 / alpha)) / (values.length * variance)), 0.5 / mu);
    wealth += Math.log1p(stake * (x - mu));
    most = Math.max(most, wealth);
    sum += x;
    squares += (x - (0.5 + sum) / (t + 2)) ** 2;
  });
  return most >= Math.log(1 / alpha);
}
