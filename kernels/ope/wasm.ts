/** The kernel behind a typed face: columns of any length in, moments, bounds and resamples out. */
import { type Kernel, kernelBytes, loadKernel } from "../loader.ts";
import { type Estimates, estimatesOf, NO_TUNING, TOO_LARGE, type Tuning } from "./estimates.ts";
import reference from "./ope.wasm" with { type: "file" };

const SHAPE = {
  BLOCK: "constant", P_EVAL: "constant", P_LOG: "constant", REWARD: "constant", Q_LOGGED: "constant", Q_PI: "constant", TUNING: "constant", RESULT: "constant",
  SEQUENCE: "constant", STAKES: "constant", BETS: "constant", SAMPLE: "constant", TOP: "constant", BOTTOM: "constant", DRAW: "constant",
  begin: "function", sums: "function", finish: "function", follow: "function", stakes: "function", resample: "function",
  bet: "answer", sequenceLower: "answer", ln: "answer", exp: "answer", gammaLn: "answer", lowerGammaLn: "answer",
} as const;

/** One row for each decision, in the order of the log. */
export interface Decisions {
  /** Probability under the policy that is judged, and under the one that decided. */
  readonly p_eval: Float64Array;
  readonly p_log: Float64Array;
  readonly reward: Float64Array;
}

/** A model of the reward, fitted without the rows it is asked about: its value of the action that ran, and of the judged policy. */
export interface Model {
  readonly q_logged: Float64Array;
  readonly q_pi: Float64Array;
}

export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** Where in the log, by rows, an interval is asked for. */
export interface SequencePoint extends Bounds {
  readonly rows: number;
}

export interface OffPolicy {
  /** Point estimates with standard errors, and what tells whether they can be believed. Throws `RangeError` where a row is no decision: a probability that is not in (0, 1], a number that is none. */
  estimate(decisions: Decisions, model: Model | null, tuning?: Tuning): Estimates;
  /** Anytime-valid interval, `alpha` over both sides, after each of `at` rows, which ascend. Throws `RangeError` where a row is no decision or its reward lies outside of [`least`, `most`]. A lower end above the upper says that the propensities are wrong. */
  sequence(decisions: Decisions, least: number, most: number, alpha: number, at: readonly number[]): SequencePoint[];
  /** Least mean of values in [0, 1] that betting against it does not refute at `alpha`: above the true mean with probability at most `alpha`, where the order of rows has nothing to do with time. A log that was good first and bad later is else won over its first half. */
  bettingLower(values: Float64Array, alpha: number): number;
  /** Means of `resamples` draws with replacement, of `top` or of `top` over `bottom`. For reports, never for a decision. */
  bootstrap(top: Float64Array, bottom: Float64Array | null, resamples: number, seed: number): Float64Array;
  /** Natural logarithm, exponential, log of the gamma and of the lower incomplete gamma function: the same bits everywhere. */
  readonly ln: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly gammaLn: (x: number) => number;
  readonly lowerGammaLn: (a: number, x: number) => number;
}

const BISECTIONS = 60;

type OpeKernel = Kernel<typeof SHAPE>;

/** Where a block of a log stands in the kernel's memory. */
function windowOf(kernel: OpeKernel) {
  const cells = (at: number): Float64Array => new Float64Array(kernel.memory.buffer, at, kernel.BLOCK);
  const [p_eval, p_log, reward] = [cells(kernel.P_EVAL), cells(kernel.P_LOG), cells(kernel.REWARD)];
  return {
    /** The first two columns, for what needs no decisions. */
    values: p_eval,
    stakes: p_log,
    q_logged: cells(kernel.Q_LOGGED),
    q_pi: cells(kernel.Q_PI),
    bring(decisions: Decisions, from: number, to: number): void {
      p_eval.set(decisions.p_eval.subarray(from, to));
      p_log.set(decisions.p_log.subarray(from, to));
      reward.set(decisions.reward.subarray(from, to));
    },
  };
}

function rowsOf({ p_eval, p_log, reward }: Decisions): number {
  if (p_eval.length !== reward.length || p_log.length !== reward.length) throw new RangeError(`columns of different length: ${p_eval.length}, ${p_log.length}, ${reward.length}`);
  return reward.length;
}

/** First row and end of each block; blocks also end at `stops`, which ascend. */
function* blocksOf(rows: number, block: number, stops: readonly number[] = []): Generator<readonly [number, number]> {
  let from = 0;
  const ends = stops[Symbol.iterator]();
  let stop = ends.next();
  while (from < rows) {
    while (!(stop.done ?? false) && stop.value <= from) stop = ends.next();
    const to = Math.min(from + block, rows, stop.done === true ? rows : stop.value);
    yield [from, to];
    from = to;
  }
}

function estimating(kernel: OpeKernel): OffPolicy["estimate"] {
  const window = windowOf(kernel);
  const tuned = new Float64Array(kernel.memory.buffer, kernel.TUNING, 4);
  const moments = new Float64Array(kernel.memory.buffer, kernel.RESULT, 32);
  return (decisions, model, tuning = NO_TUNING) => {
    const rows = rowsOf(decisions);
    if (rows === 0) throw new RangeError("no rows: nothing can be estimated");
    if (model !== null && (model.q_logged.length !== rows || model.q_pi.length !== rows)) throw new RangeError("the model's columns are of another length");
    tuned.set([tuning.clip, tuning.switch_at, tuning.dros, tuning.subgaussian]);
    kernel.begin();
    for (const [from, to] of blocksOf(rows, kernel.BLOCK)) {
      window.bring(decisions, from, to);
      if (model !== null) {
        window.q_logged.set(model.q_logged.subarray(from, to));
        window.q_pi.set(model.q_pi.subarray(from, to));
      }
      kernel.sums(to - from, model === null ? 0 : 1);
    }
    kernel.finish();
    return estimatesOf(moments, rows, model !== null);
  };
}

function sequencing(kernel: OpeKernel): OffPolicy["sequence"] {
  const window = windowOf(kernel);
  const sums = new Float64Array(kernel.memory.buffer, kernel.SEQUENCE, 6);
  return (decisions, least, most, alpha, at) => {
    const rows = rowsOf(decisions);
    if (!(most > least) || !(alpha > 0 && alpha < 1)) throw new RangeError(`rewards from ${least} to ${most} at ${alpha}: no interval`);
    if (at.some((end, i) => !Number.isInteger(end) || end <= (at[i - 1] ?? 0) || end > rows)) throw new RangeError(`rows ${at.join(", ")} do not ascend from 1 to ${rows}`);
    const wanted = new Set(at);
    sums.fill(0);
    const points: SequencePoint[] = [];
    for (const [from, to] of blocksOf(rows, kernel.BLOCK, at)) {
      window.bring(decisions, from, to);
      kernel.follow(to - from, least, most - least);
      const [t = 0, sum = 0, spread = 0, sum_up = 0, spread_up = 0, refused = 0] = sums;
      if (refused > 0) throw new RangeError(`${refused} of the first ${to} rows are no decision, or their reward lies outside of ${least} to ${most}`);
      if (!wanted.has(to)) continue;
      if (!Number.isFinite(sum + spread + sum_up + spread_up)) throw new RangeError(TOO_LARGE);
      const lower = least + (most - least) * kernel.sequenceLower(t, sum, spread, alpha / 2);
      points.push({ rows: to, lower, upper: most - (most - least) * kernel.sequenceLower(t, sum_up, spread_up, alpha / 2) });
    }
    return points;
  };
}

function betting(kernel: OpeKernel): OffPolicy["bettingLower"] {
  const window = windowOf(kernel);
  const [seen, wealth] = [new Float64Array(kernel.memory.buffer, kernel.STAKES, 3), new Float64Array(kernel.memory.buffer, kernel.BETS, 1)];
  /** The same whatever is bet against, so they are worked out once. */
  const stakesOf = (values: Float64Array, alpha: number): Float64Array => {
    const stakes = new Float64Array(values.length);
    seen.fill(0);
    for (const [from, to] of blocksOf(values.length, kernel.BLOCK)) {
      window.values.set(values.subarray(from, to));
      kernel.stakes(to - from, alpha, values.length);
      stakes.set(window.stakes.subarray(0, to - from), from);
    }
    return stakes;
  };
  const refuted = (values: Float64Array, stakes: Float64Array, mean: number, alpha: number): boolean => {
    wealth.fill(0);
    for (const [from, to] of blocksOf(values.length, kernel.BLOCK)) {
      window.values.set(values.subarray(from, to));
      window.stakes.set(stakes.subarray(from, to));
      if (kernel.bet(to - from, mean, alpha) === 1) return true;
    }
    return false;
  };
  return (values, alpha) => {
    if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha ${alpha} is not between 0 and 1`);
    let [low, high] = [0, 1];
    for (const value of values) if (!(value >= 0 && value <= 1)) throw new RangeError(`a value of ${value} is not between 0 and 1`);
    const stakes = stakesOf(values, alpha);
    for (let step = 0; step < BISECTIONS; step++) {
      const middle = (low + high) / 2;
      if (refuted(values, stakes, middle, alpha)) low = middle;
      else high = middle;
    }
    return low;
  };
}

function resampling(kernel: OpeKernel): OffPolicy["bootstrap"] {
  const { SAMPLE } = kernel;
  const cells = (at: number): Float64Array => new Float64Array(kernel.memory.buffer, at, SAMPLE);
  const [above, below, draw] = [cells(kernel.TOP), cells(kernel.BOTTOM), new Float64Array(kernel.memory.buffer, kernel.DRAW, 1)];
  return (top, bottom, resamples, seed) => {
    if (top.length === 0 || top.length > SAMPLE || (bottom !== null && bottom.length !== top.length)) throw new RangeError(`${top.length} rows to resample; 1 to ${SAMPLE}, and as many below the line`);
    above.set(top);
    if (bottom !== null) below.set(bottom);
    return Float64Array.from({ length: resamples }, (_, nth) => {
      kernel.resample(top.length, bottom === null ? 0 : 1, seed, nth);
      return draw[0] ?? Number.NaN;
    });
  };
}

/** An instance of its own. Not re-entrant, and nothing here awaits. */
export function createOffPolicy(bytes: Uint8Array<ArrayBuffer> = kernelBytes(reference)): OffPolicy {
  const kernel = loadKernel(bytes, SHAPE);
  const { ln, exp, gammaLn, lowerGammaLn } = kernel;
  return { ln, exp, gammaLn, lowerGammaLn, estimate: estimating(kernel), sequence: sequencing(kernel), bettingLower: betting(kernel), bootstrap: resampling(kernel) };
}
