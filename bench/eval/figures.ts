/** Many scores as the few figures that are reported. */
import type { Perturbation } from "./perturbations.ts";
import type { Missed } from "./grading.ts";
import { PASS } from "./grading.ts";
import { KINDS, type Kind } from "./scenario.ts";

export interface Result {
  readonly id: string;
  readonly kind: Kind;
  readonly score: number;
  readonly missed: readonly Missed[];
  /** Where nothing was graded: why. It counts as not passed. */
  readonly absent?: string;
  readonly verdict?: string;
  readonly draft?: Drafted;
}
/** What is known of the draft beside its text. */
export interface Drafted {
  readonly path: string;
  readonly because: string;
  readonly usd_micro: number;
  readonly cpu_us: number;
  readonly gpu_us: number;
  readonly model?: string;
  readonly prompt?: string;
  readonly text: string;
}

export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p5: number;
  readonly p95: number;
  /** Share of those whose score is at least PASS. */
  readonly passed: number;
}

const round = (value: number): number => Number(value.toFixed(4));

/** Nearest rank. */
const at = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;

export function spreadOf(scores: readonly number[]): Spread {
  const sorted = [...scores].sort((a, b) => a - b);
  const mean = scores.reduce((sum, one) => sum + one, 0) / scores.length;
  return { count: scores.length, mean: round(mean), p5: round(at(sorted, 0.05)), p95: round(at(sorted, 0.95)), passed: round(scores.filter((one) => one >= PASS).length / scores.length) };
}

const scoresOf = (results: readonly Result[]): number[] => results.map(({ score }) => score);

export function byKind(results: readonly Result[]): Partial<Record<Kind, Spread>> {
  return Object.fromEntries(KINDS.flatMap((kind) => { const some = results.filter((one) => one.kind === kind); return some.length === 0 ? [] : [[kind, spreadOf(scoresOf(some))]]; }));
}

/** How much of the mean is lost where the same scenarios are written otherwise. */
export interface Drop {
  readonly way: Perturbation;
  readonly count: number;
  readonly original: number;
  readonly perturbed: number;
  readonly drop: number;
}

export function dropOf(way: Perturbation, originals: readonly Result[], perturbed: readonly Result[]): Drop {
  const scores = new Map(originals.map(({ id, score }) => [id, score]));
  const pairs = perturbed.flatMap(({ id, score }) => { const original = scores.get(id); return original === undefined ? [] : [{ original, score }]; });
  const mean = (values: readonly number[]): number => round(values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length));
  const [original, other] = [mean(pairs.map((pair) => pair.original)), mean(pairs.map((pair) => pair.score))];
  return { way, count: pairs.length, original, perturbed: other, drop: round(original - other) };
}

export const spread = (results: readonly Result[]): Spread => spreadOf(scoresOf(results));
