/** Every interval of a report, each with what is proven of it. The verdict rests on none of them but the betting bounds of the gain. */
import type { Estimates, OffPolicy } from "../../../kernels/ope/index.ts";
import type { EvaluationInterval, Guarantee } from "../../../proto/evaluation.ts";
import { bernstein } from "./bounds.ts";
import { amounts, type Ends, gains, type Judged } from "./gains.ts";
import { lowerOf, type Plan, upperOf } from "./plan.ts";
import { bootstrapped, normalQuantile } from "./resampled.ts";

const LEVEL = 0.95;
const ALPHA = 0.05;

export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const entry = (of: EvaluationInterval["of"], estimator: string, method: EvaluationInterval["method"], lower: number, upper: number, guarantee: Guarantee): EvaluationInterval => ({ of, estimator, method, level: LEVEL, lower: finite(lower), upper: finite(upper), guarantee });

/** Rows that count, and those of them whose reward is known. */
interface Rows {
  readonly judged: Judged;
  readonly believed: Judged;
}

/** Of the reward under the candidate, with ends that are known beforehand. */
function proven(kernel: OffPolicy, { judged, believed: { decisions } }: Rows, reward: Ends, order: Uint32Array, plan: Plan): EvaluationInterval[] {
  const writing = { ...plan.gain, form: "from-least" as const };
  const [low, high] = (["lower", "upper"] as const).map((side) => amounts(judged, judged.decisions.reward, reward, writing, side)) as [ReturnType<typeof amounts>, ReturnType<typeof amounts>];
  const within = (value: number): number => Math.min(Math.max(reward.least + value, reward.least), reward.most);
  const [from, to] = [gains(judged, reward, plan.gain, "lower"), gains(judged, reward, plan.gain, "upper")];
  const [sequence] = kernel.sequence(decisions, reward.least, reward.most, ALPHA, [decisions.reward.length]);
  const partial = decisions.reward.length < judged.reach.length || judged.unsupported.some((mass) => mass > 0);
  return [
    entry("value", "ips", "betting", within(lowerOf(kernel, low, order, ALPHA / 2)), within(upperOf(kernel, high, order, ALPHA / 2)), "finite-sample"),
    entry("value", "ips", "empirical-bernstein", within(bernstein(kernel, low, ALPHA).lower), within(bernstein(kernel, high, ALPHA).upper), "finite-sample"),
    // It follows from weights that add up to one in the mean: mass on arms that were never drawn is not in it, nor an outcome that nobody knows.
    ...(sequence === undefined ? [] : [entry("value", "ips", "sequence", sequence.lower, sequence.upper, partial ? "none" : "anytime")]),
    entry("gain", plan.gain.form === "model" ? "dr" : "ips", "betting", lowerOf(kernel, from, order, ALPHA / 2), upperOf(kernel, to, order, ALPHA / 2), "finite-sample"),
    entry("gain", plan.gain.form === "model" ? "dr" : "ips", "empirical-bernstein", bernstein(kernel, from, ALPHA).lower, bernstein(kernel, to, ALPHA).upper, "finite-sample"),
  ];
}

/** What only the spread of the sample says. */
function believed(kernel: OffPolicy, { decisions: { p_eval, p_log, reward } }: Judged, { values, snips_delta_se }: Estimates): EvaluationInterval[] {
  const z = normalQuantile(kernel, 1 - ALPHA / 2);
  const around = (of: EvaluationInterval["of"], name: string, value: number, se: number, guarantee: Guarantee = "none"): EvaluationInterval => entry(of, name, "normal", value - z * se, value + z * se, guarantee);
  const ips = bootstrapped(kernel, reward.map((r, i) => ((p_eval[i] ?? Number.NaN) / (p_log[i] ?? Number.NaN)) * r), ALPHA);
  const gain = bootstrapped(kernel, reward.map((r, i) => ((p_eval[i] ?? Number.NaN) / (p_log[i] ?? Number.NaN) - 1) * r), ALPHA);
  const drawn = (of: EvaluationInterval["of"], found: typeof ips): EvaluationInterval[] =>
    found === null ? [] : [entry(of, "ips", "percentile", found.percentile.lower, found.percentile.upper, "none"), entry(of, "ips", "bca", found.bca.lower, found.bca.upper, "none")];
  return [
    ...(["ips", "dr"] as const).flatMap((name) => (values[name] === undefined ? [] : [around("value", name, values[name].value, values[name].se)])),
    ...(values.snips === undefined ? [] : [around("value", "snips", values.snips.value, snips_delta_se)]),
    ...(values.dm === undefined ? [] : [around("value", "dm", values.dm.value, values.dm.se, "no-coverage")]),
    ...drawn("value", ips),
    ...(["gain_ips", "gain_dr"] as const).flatMap((name) => (values[name] === undefined ? [] : [around("gain", name.slice("gain_".length), values[name].value, values[name].se)])),
    ...drawn("gain", gain),
  ];
}

export function intervalsOf(kernel: OffPolicy, rows: Rows, reward: Ends, order: Uint32Array, plan: Plan, estimates: Estimates): EvaluationInterval[] {
  return [...proven(kernel, rows, reward, order, plan), ...believed(kernel, rows.believed, estimates)];
}
