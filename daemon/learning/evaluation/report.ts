/** From the rows of a log to the report on a candidate. Pure: the same rows and candidate give the same bytes on any machine. */
import { DIRECT, type Estimates, MODELLED, NO_TUNING, type OffPolicy } from "../../../kernels/ope/index.ts";
import { EVALUATION_TYPE, type EvaluationReport, type EvaluationSupport } from "../../../proto/evaluation.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";
import { meanOf, shuffled } from "./bounds.ts";
import { answered, type Columns, type createColumns } from "./columns.ts";
import { type Judged, worstRows } from "./gains.ts";
import { finite, intervalsOf } from "./intervals.ts";
import { type Answer, judge, ROWS_TO_SAY, shareOf } from "./judge.ts";
import { crossFitted, fittedOn, FOLDS } from "./model.ts";
import { type Plan, planned } from "./plan.ts";
import { alarmsOf, armsOf, partsOf, weightOf } from "./trust.ts";

/** What the operator allows where the configuration says nothing. */
const PROMOTION = { delta: 0.05, margin: 0 } as const;

export interface Asked {
  readonly router: RouterEntry;
  readonly policy: RoutingPolicy;
  /** Digest of the policy. */
  readonly candidate: string;
  readonly rows_sha256: string;
  /** From 1. */
  readonly tried: number;
  /** Rows whose arms the router no longer has. */
  readonly left_out: number;
  /** Safety rows up to this time are left out, as a report on another candidate may hold them; milliseconds. */
  readonly fresh_ms?: number | undefined;
}

type Taken = ReturnType<ReturnType<typeof createColumns>["taken"]>;

/** Episodes go to the two splits evenly, and the verdict needs rows of one. */
const EPISODES_PER_ROW = 2;

const judgedOf = ({ p_eval, p_log, reward, reach, unsupported }: Columns, model: Judged["model"]): Judged => ({ decisions: { p_eval, p_log, reward }, reach, unsupported, model });

function supportOf({ router, left_out }: Asked, { search, safety, calibration, refused }: Taken, judged: Judged, plan: Plan, estimates: Estimates | null): EvaluationSupport {
  const known = answered(safety);
  const { mean, z } = weightOf(known);
  const rows = known.reward.length;
  return {
    rows,
    search_rows: answered(search).reward.length,
    unanswered: safety.reward.length - rows,
    left_out,
    refused,
    ess: finite(estimates?.ess ?? Number.NaN),
    weight_bound: plan.gain.weight_bound,
    weight_max: estimates?.weight_max ?? null,
    weight_mean: mean,
    weight_z: z,
    above_bound: worstRows(judged, plan.gain),
    unsupported: safety.reward.length === 0 ? 0 : meanOf(safety.unsupported),
    propensity_min: estimates?.propensity_min ?? null,
    arms: armsOf(router, calibration, safety.reward.length),
    parts: partsOf(known),
  };
}

const text = (value: number): string => value.toPrecision(4);

/** In the order in which they decide. */
function reasonsOf({ gain, constraints, verdict, more }: Answer, { rows, unanswered = 0, unsupported, above_bound }: EvaluationSupport, alarms: readonly string[]): string[] {
  if (alarms.length > 0) return [...alarms];
  const kept = `a gain of at least ${text(gain.lower)} is proven, ${text(gain.needed)} is needed`;
  if (verdict === "promote") return [kept, ...constraints.map(({ name, upper, max }) => `${name} stays at or below ${text(upper)}, at most ${text(max)} is allowed`)];
  if (verdict === "reject") {
    const broken = constraints.filter(({ answer }) => answer === "broken").map(({ name, lower, max }) => `${name} is at least ${text(lower)}, at most ${text(max)} is allowed`);
    return [...(gain.upper < gain.needed ? [`the gain is at most ${text(gain.upper)}, ${text(gain.needed)} is needed`] : []), ...broken];
  }
  return [
    ...(gain.lower >= gain.needed ? [] : [`a gain of ${text(gain.lower)} to ${text(gain.upper)} is all that ${rows} episodes say, and ${text(gain.needed)} is needed`]),
    ...constraints.filter(({ answer }) => answer === "unknown").map(({ name, lower, upper, max }) => `${name} lies between ${text(lower)} and ${text(upper)}, at most ${text(max)} is allowed`),
    ...(unanswered > 0 ? [`${unanswered} further episodes have no outcome that is known and count as the worst they can mean`] : []),
    ...(unsupported > 0 ? [`${text(100 * unsupported)} % of the candidate's decisions go to arms that were never drawn there`] : []),
    ...(above_bound > 0 ? [`${above_bound} episodes could have had a weight above the bound and count as the worst they can mean`] : []),
    ...(more !== null && rows < ROWS_TO_SAY ? [`${rows} episodes that count are too few to say how many are needed: the number is what it takes to say so`] : []),
    ...(more === null ? ["more episodes like these would not tell: let what is asked about be explored first"] : []),
  ];
}

export function evaluated(kernel: OffPolicy, asked: Asked, taken: Taken): EvaluationReport {
  const { router, policy, tried } = asked;
  const { search, safety, patterns, calibration, missing, refused, cells } = taken;
  const { delta, margin } = router.promotion ?? PROMOTION;
  const reward = { least: router.reward.min, most: router.reward.max };
  const shape = { cells, arms: router.arms.length };
  const [searched, known] = [answered(search), answered(safety)];
  const middle = searched.reward.length > 0 ? meanOf(searched.reward) : (reward.least + reward.most) / 2;
  const judged = judgedOf(safety, fittedOn(search, safety, patterns, shape, middle));
  const share = shareOf(delta, tried);
  const bounds = router.constraints ?? [];
  const constrained = (columns: Columns) => bounds.map(({ name, min, max_value, max }, nth) => ({ name, least: min, most: max_value, max, values: columns.constraints[nth] ?? new Float64Array(0) }));
  const plan = planned(kernel, judgedOf(search, crossFitted(search, patterns, shape, middle)), reward, constrained(search), shuffled(search.reward.length), share);
  const order = shuffled(safety.reward.length);
  const found = judge(kernel, { judged, reward, constraints: constrained(safety), order, margin, share, share_next: shareOf(delta, tried + 1), plan });
  const alarms = alarmsOf(kernel, router, known, calibration, refused);
  const answer: Answer = alarms.length > 0 ? { ...found, verdict: "insufficient", more: null } : found;
  const believed = judgedOf(known, crossFitted(known, patterns, shape, middle));
  const estimates = known.reward.length === 0 ? null : kernel.estimate(believed.decisions, believed.model, NO_TUNING);
  const support = supportOf(asked, taken, judged, plan, estimates);
  return {
    type: EVALUATION_TYPE,
    v: 1,
    router: router.id,
    reward: router.reward,
    candidate: asked.candidate,
    rows_sha256: asked.rows_sha256,
    verdict: answer.verdict,
    reasons: reasonsOf(answer, support, alarms),
    more: answer.more === null ? null : answer.more * EPISODES_PER_ROW,
    tried,
    ...(asked.fresh_ms === undefined ? {} : { fresh_ms: asked.fresh_ms }),
    delta,
    share,
    gain: answer.gain,
    constraints: answer.constraints.map((each, nth) => ({ ...each, missing: missing[nth] ?? 0 })),
    support,
    logged: { value: estimates?.logged.value ?? null, se: finite(estimates?.logged.se ?? Number.NaN) },
    estimates: estimates === null ? [] : [...DIRECT, ...MODELLED].flatMap((estimator) => (estimates.values[estimator] === undefined ? [] : [{ estimator, value: finite(estimates.values[estimator].value), se: finite(estimates.values[estimator].se) }])),
    intervals: estimates === null ? [] : intervalsOf(kernel, { judged, believed }, reward, order, plan, estimates),
    model: { folds: FOLDS, buckets: policy.buckets.map(({ field }) => field) },
  };
}
