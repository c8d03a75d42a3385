/** How the rows that count are going to be written: the way whose bounds were best on the search split, which is never counted. */
import type { OffPolicy } from "../../../kernels/ope/index.ts";
import type { GainForm } from "../../../proto/evaluation.ts";
import { type Bounded, lowerBound, upperBound } from "./bounds.ts";
import { amounts, type Ends, gains, type Judged, type Writing } from "./gains.ts";

/** Writing of the gain and of each constraint. */
export interface Plan {
  readonly gain: Writing;
  readonly constraints: readonly (Omit<Writing, "form"> & { readonly form: "from-least" | "from-most" })[];
}

/** Bounds on the weight that are tried: of all rows but this share of them, and never one that no number of rows could make up for. */
const LEFT_OUT = [0, 0.001, 0.01, 0.05] as const;
const WEIGHT_MAX = 1e6;

function boundsOf(reach: Float64Array): number[] {
  const sorted = reach.filter((weight) => weight <= WEIGHT_MAX).sort();
  if (sorted.length === 0) return [1];
  return [...new Set(LEFT_OUT.map((share) => Math.max(sorted[Math.min(sorted.length - 1, Math.ceil((1 - share) * sorted.length) - 1)] ?? 1, 1)))];
}

/** The first of the best. */
function best<T extends object>(options: readonly T[], score: (option: T) => number): T {
  const scores = options.map(score);
  const chosen = options[scores.indexOf(Math.max(...scores))];
  if (chosen === undefined) throw new RangeError("nothing to choose from");
  return chosen;
}

/** A loop, because a million calls of a function are most of what it costs. */
function inOrder(of: Bounded, order: Uint32Array): Bounded {
  const values = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) values[i] = of.values[order[i] ?? 0] ?? Number.NaN;
  return { ...of, values };
}

export const lowerOf = (kernel: OffPolicy, of: Bounded, order: Uint32Array, alpha: number): number => lowerBound(kernel, inOrder(of, order), alpha);
export const upperOf = (kernel: OffPolicy, of: Bounded, order: Uint32Array, alpha: number): number => upperBound(kernel, inOrder(of, order), alpha);

/** `alpha` is what each bound is going to have. */
export function planned(kernel: OffPolicy, search: Judged, reward: Ends, constraints: readonly (Ends & { readonly values: Float64Array })[], order: Uint32Array, alpha: number): Plan {
  const partly = search.unsupported.some((mass) => mass > 0);
  const bounds = boundsOf(search.reach);
  const forms: readonly GainForm[] = search.model === null ? ["from-least", "from-most"] : ["from-least", "from-most", "model"];
  const options = bounds.flatMap((weight_bound) => forms.map((form): Writing => ({ form, weight_bound, partly })));
  const gain = best(options, (writing) => lowerOf(kernel, gains(search, reward, writing, "lower"), order, alpha));
  const plain = bounds.flatMap((weight_bound) => (["from-least", "from-most"] as const).map((form) => ({ form, weight_bound, partly })));
  return { gain, constraints: constraints.map(({ values, least, most }) => best(plain, (writing) => -upperOf(kernel, amounts(search, values, { least, most }, writing, "upper"), order, alpha))) };
}
