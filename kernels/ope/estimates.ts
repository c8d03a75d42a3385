/** From the kernel's moments to estimates and diagnostics. Only IEEE arithmetic and square roots: the same bits everywhere. */

/** What the estimators with a bound are bounded by; larger trusts the weights more. */
export interface Tuning {
  /** Largest weight of clipped estimators. */
  readonly clip: number;
  /** SWITCH-DR (Wang, Agarwal, Dudik 2017) keeps the correction where the weight is at most this. */
  readonly switch_at: number;
  /** DRos (Su et al. 2020): lambda of w -> lambda w / (w^2 + lambda). */
  readonly dros: number;
  /** Sub-Gaussian (Metelli et al. 2021): lambda of w -> w / (1 - lambda + lambda w). */
  readonly subgaussian: number;
}

export const NO_TUNING: Tuning = { clip: 10, switch_at: 10, dros: 100, subgaussian: 0.1 };

/** A mean with the standard error of its rows taken as independent. */
export interface Estimate {
  readonly value: number;
  readonly se: number;
}

/** Those that need no model of the reward. */
export const DIRECT = ["ips", "snips", "clip_ips", "sg_ips", "gain_ips"] as const;
/** Those that do. */
export const MODELLED = ["dm", "dr", "sndr", "clip_dr", "switch_dr", "dros", "sg_dr", "gain_dr"] as const;
export type Estimator = (typeof DIRECT)[number] | (typeof MODELLED)[number];

export interface Estimates {
  readonly rows: number;
  /** Mean of the logged rewards. */
  readonly logged: Estimate;
  /** By name; those of a model are absent where there is none. `gain_*` is the estimate less the logged reward, row by row. */
  readonly values: Readonly<Partial<Record<Estimator, Estimate>>>;
  /** Of SNIPS by the delta method (Hajek): its weights' own spread counts too. Where rewards are a thousand times their spread away from zero, ten digits of it are left; a million times, four. */
  readonly snips_delta_se: number;
  /** (sum w)^2 / sum w^2. */
  readonly ess: number;
  /** Should be 1 within a few of its errors; far from it the propensities are wrong. */
  readonly weight: Estimate;
  readonly weight_max: number;
  readonly weight_zero_rows: number;
  readonly propensity_min: number;
}

const TERMS = 13;
const DIRECT_TERMS = 6;
export const TOO_LARGE = "weights or rewards are so large that their squares have no sum: a propensity near zero, or a unit that is none";

export function estimatesOf(moments: Float64Array, rows: number, modelled: boolean): Estimates {
  const at = (cell: number): number => moments[cell] ?? Number.NaN;
  const mean = (term: number): number => at(2 * term);
  const squares = (term: number): number => at(2 * term + 1);
  const refused = at(2 * TERMS + 5);
  if (refused > 0) throw new RangeError(`${refused} of ${rows} rows are no decision: a logged probability has to be in (0, 1], a judged one in [0, 1], and rewards have to be numbers`);
  for (let cell = 0; cell < 2 * (modelled ? TERMS : DIRECT_TERMS); cell++) if (!Number.isFinite(at(cell))) throw new RangeError(TOO_LARGE);
  const error = (sum: number): number => (rows > 1 ? Math.sqrt(Math.max(0, sum) / (rows - 1) / rows) : Number.NaN);
  const term = (nth: number): Estimate => ({ value: mean(nth), se: error(squares(nth)) });

  const [weight, weighted] = [mean(1), mean(2)];
  const snips = weighted / weight;
  // sum w^2 (r - v)^2 = sum (wr - v w)^2, whose rows have mean 0 by the choice of v.
  const apart = squares(2) - 2 * snips * at(2 * TERMS) + snips * snips * squares(1);
  const direct = {
    ips: term(2),
    // Errors of SNIPS and SNDR as OBP reports them: the mean weight is taken as known.
    snips: { value: snips, se: error(squares(2)) / weight },
    clip_ips: term(3),
    sg_ips: term(4),
    gain_ips: term(5),
  };
  const [dm, residual, shared] = [mean(6), mean(7), at(2 * TERMS + 1)];
  const model = {
    dm: term(6),
    dr: { value: dm + residual, se: error(squares(6) + squares(7) + 2 * shared) },
    sndr: { value: dm + residual / weight, se: error(squares(6) + squares(7) / (weight * weight) + (2 * shared) / weight) },
    clip_dr: term(8),
    switch_dr: term(9),
    dros: term(10),
    sg_dr: term(11),
    gain_dr: term(12),
  };
  return {
    rows,
    logged: term(0),
    values: modelled ? { ...direct, ...model } : direct,
    snips_delta_se: Math.sqrt(Math.max(0, apart)) / (rows * weight),
    ess: (rows * weight * (rows * weight)) / (squares(1) + rows * weight * weight),
    weight: term(1),
    weight_max: at(2 * TERMS + 2),
    weight_zero_rows: at(2 * TERMS + 4),
    propensity_min: at(2 * TERMS + 3),
  };
}
