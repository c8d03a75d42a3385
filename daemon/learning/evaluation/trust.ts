/** Whether the log can be believed: what its own propensities say should have happened, against what did. */
import type { OffPolicy } from "../../../kernels/ope/index.ts";
import type { EvaluationSupport } from "../../../proto/evaluation.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import { deviation, meanOf } from "./bounds.ts";
import type { Calibration, Columns } from "./columns.ts";

/** Chance that one of these alarms is raised over a log whose propensities are right (Bernstein's inequality: no assumption on how they spread). */
const ALARM = 1e-4;
const PARTS = 10;

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
const ratio = (top: number, bottom: number): number | null => (bottom > 0 ? top / bottom : null);

/** Sum of weights less what they should add up to, and how it spreads if the propensities are right. */
function weights({ p_eval, p_log, reach, unsupported, weight_variance }: Columns) {
  let [apart, most] = [0, 0];
  for (let row = 0; row < p_eval.length; row++) {
    apart += (p_eval[row] ?? 0) / (p_log[row] ?? 1) - (1 - (unsupported[row] ?? 0));
    most = Math.max(most, reach[row] ?? 0, 1);
  }
  return { apart, variance: sumOf(weight_variance), most };
}

export function armsOf(router: RouterEntry, calibration: readonly Calibration[], safety_rows: number): EvaluationSupport["arms"] {
  return router.arms.map(({ id }, place) => {
    const { ran, expected, variance, wanted } = calibration[place] ?? { ran: 0, expected: 0, variance: 0, wanted: 0 };
    return { arm: id, ran, expected, z: ratio(ran - expected, Math.sqrt(variance)), ...(safety_rows > 0 ? { wanted: wanted / safety_rows } : {}) };
  });
}

export function weightOf(columns: Columns): { readonly mean: number | null; readonly z: number | null } {
  const { apart, variance } = weights(columns);
  const rows = columns.p_eval.length;
  return { mean: rows === 0 ? null : 1 + apart / rows, z: ratio(apart, Math.sqrt(variance)) };
}

export function partsOf({ p_eval, p_log, reward }: Columns): EvaluationSupport["parts"] {
  const rows = reward.length;
  return Array.from({ length: Math.min(PARTS, rows) }, (_, nth) => {
    const [from, to] = [Math.floor((nth * rows) / Math.min(PARTS, rows)), Math.floor(((nth + 1) * rows) / Math.min(PARTS, rows))];
    const [p, l] = [p_eval.subarray(from, to), p_log.subarray(from, to)];
    return { rows: to - from, propensity: meanOf(l), weight: meanOf(p.map((value, i) => value / (l[i] ?? 1))), reward: meanOf(reward.subarray(from, to)) };
  });
}

const text = (value: number): string => value.toPrecision(4);

/** Why nothing should be believed of this log; none where all is as it should be. */
export function alarmsOf(kernel: OffPolicy, router: RouterEntry, safety: Columns, calibration: readonly Calibration[], refused: number): string[] {
  const alpha = ALARM / (1 + router.arms.length);
  const alarms: string[] = [];
  if (refused > 0) alarms.push(`${refused} rows contradict themselves: shares that add up to something else than one, an arm that ran at a share of zero, a reward outside of its bounds`);
  const { apart, variance, most } = weights(safety);
  const rows = safety.p_eval.length;
  if (rows > 0 && Math.abs(apart) > deviation(kernel, variance, most, alpha)) alarms.push(`the mean weight is ${text(1 + apart / rows)} and should be 1: the logged propensities are not those that were drawn from, or which outcomes came depends on what ran`);
  for (const [place, { ran, expected, variance: spread }] of calibration.entries()) {
    if (Math.abs(ran - expected) > deviation(kernel, spread, 1, alpha)) alarms.push(`arm ${router.arms[place]?.id ?? place} ran ${ran} times and by its propensities should have run ${text(expected)} times: they are not those that were drawn from, or which outcomes came depends on what ran`);
  }
  return alarms;
}
