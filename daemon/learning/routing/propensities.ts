/**
 * Which arm at what probability: one pure function, asked when a request is routed, when it is replayed, and when
 * another policy is judged by what was logged. Addition, multiplication and division alone: the same everywhere.
 */
import { PER_NATURAL_UNIT, type Prices, RESOURCES, type ResourceAmounts } from "../../../proto/resource.ts";
import type { ArmEntry, Context, Exploration, RouterEntry, Share } from "../../../proto/routing.ts";
import type { BucketField, RoutingPolicy, Seen } from "../../../proto/routing-policy.ts";

/** More than any budget holds, and few enough that sums of it stay exact. */
const AMOUNT_MAX = 1e15;

/** A caller's number takes nothing off what another field or the arm itself costs. */
function measured(context: Context, field: string): number {
  const value = Object.hasOwn(context, field) ? context[field] : undefined;
  return typeof value === "number" && value > 0 ? value : 0;
}

/** What one request would take of each resource if this arm answered it, in whole units, rounded up. Fields in their own order: a configuration that was stored and read again adds up the same. */
export function usageOf(arm: ArmEntry, context: Context): ResourceAmounts {
  const amounts: ResourceAmounts = {};
  for (const { resource, fixed = 0, per = {} } of arm.usage ?? []) {
    const wanted = Object.keys(per).sort().reduce((sum, field) => sum + (per[field] ?? 0) * measured(context, field), fixed);
    amounts[resource] = Math.min(Math.ceil(wanted), AMOUNT_MAX);
  }
  return amounts;
}

/** What `amounts` cost in dollars: what is paid, and what the prices say that it is worth to others. */
export function costOf(amounts: ResourceAmounts, prices: Prices): number {
  const paid = (amounts.usd_micro ?? 0) / PER_NATURAL_UNIT.usd_micro;
  return RESOURCES.reduce((sum, resource) => sum + ((amounts[resource] ?? 0) / PER_NATURAL_UNIT[resource]) * (prices[resource] ?? 0), paid);
}

/** The first edge above it, and the last bucket for what is no number or no value of these: unknown is a place of its own, never a neighbour's. */
function bucketOf(bucket: BucketField, context: Context): number {
  const value = Object.hasOwn(context, bucket.field) ? context[bucket.field] : undefined;
  if ("edges" in bucket) {
    if (typeof value !== "number" || Number.isNaN(value)) return bucket.edges.length + 1;
    const at = bucket.edges.findIndex((edge) => value < edge);
    return at < 0 ? bucket.edges.length : at;
  }
  const at = value === undefined ? -1 : bucket.values.indexOf(String(value));
  return at < 0 ? bucket.values.length : at;
}

/** Buckets of one field: an edge has one below it and one above, and what is no value of the field has one of its own. */
export const bucketsIn = (bucket: BucketField): number => ("edges" in bucket ? bucket.edges.length + 2 : bucket.values.length + 1);
/** Places that these fields tell apart together. */
export const placesOf = (buckets: readonly BucketField[]): number => buckets.reduce((product, bucket) => product * bucketsIn(bucket), 1);

/** Bucket of each field of a policy. */
export const placeOf = (policy: Pick<RoutingPolicy, "buckets">, context: Context): number[] => policy.buckets.map((bucket) => bucketOf(bucket, context));

/** The policy's cells by place. */
export type Cells = ReadonlyMap<string, readonly Seen[]>;
export const cellsOf = ({ cells }: Pick<RoutingPolicy, "cells">): Cells => new Map(cells.map(({ at, seen }) => [at.join(" "), seen]));

export interface Asked {
  readonly router: RouterEntry;
  /** Null where nothing is learned. */
  readonly policy: (Pick<RoutingPolicy, "buckets" | "count_min" | "exploration"> & { readonly cells: Cells }) | null;
  readonly context: Context;
  /** At least one, in the order of the configuration. */
  readonly eligible: readonly ArmEntry[];
  readonly prices: Prices;
  /** A constraint is violated: the baseline alone, and nothing is explored. */
  readonly fallback?: boolean;
}

const NO_EXPLORATION: Exploration = { epsilon: 0, floor: 0 };

export interface Valued {
  readonly arm: ArmEntry;
  /** Expected of it. */
  readonly reward: number;
}

type Score = readonly [number, number];

/** What comes first decides: dollars that an arm brings less those that it takes; where a reward has no worth in dollars the reward, and then what it takes. */
function scoreOf({ router, context, prices }: Asked, { arm, reward }: Valued): Score {
  const cost = costOf(usageOf(arm, context), prices);
  if (!Number.isFinite(cost) || !Number.isFinite(reward)) throw new RangeError(`${arm.id} costs ${cost} and is expected to bring ${reward}: no numbers to choose by`);
  return router.value_usd_micro > 0 ? [(router.value_usd_micro / PER_NATURAL_UNIT.usd_micro) * reward - cost, 0] : [reward, -cost];
}

const compare = (a: Score, b: Score): number => (a[0] === b[0] ? a[1] - b[1] : a[0] - b[0]);

/**
 * The arms of the greatest score. Several share evenly, so that many who ask at once do not all move together; but an arm
 * that cannot be undone is never left to a lot: the baseline keeps its place, and another one stands back.
 */
function best(asked: Asked, arms: readonly Valued[]): readonly ArmEntry[] {
  const scored = arms.map((each) => ({ arm: each.arm, score: scoreOf(asked, each) }));
  const top = scored.reduce<Score>((most, { score }) => (compare(score, most) > 0 ? score : most), scored[0]?.score ?? [0, 0]);
  const winners = scored.filter(({ score }) => compare(score, top) === 0).map(({ arm }) => arm);
  const fixed = winners.find(({ id, reversible }) => id === asked.router.baseline && !reversible);
  if (fixed !== undefined) return [fixed];
  const reversible = winners.filter((arm) => arm.reversible);
  return reversible.length > 0 ? reversible : winners.slice(0, 1);
}

const expected = (arms: readonly ArmEntry[]): Valued[] => arms.map((arm) => ({ arm, reward: arm.reward }));

/** Arms of which enough was seen here. */
function knownOf({ policy, context, eligible }: Asked): Valued[] {
  if (policy === null) return [];
  const seen = policy.cells.get(placeOf(policy, context).join(" ")) ?? [];
  return eligible.flatMap((arm) => {
    const found = seen.find(({ arm: id, count }) => id === arm.id && count >= policy.count_min);
    return found === undefined ? [] : [{ arm, reward: found.mean }];
  });
}

/** Why these arms are chosen: `expected` of the operator, the `baseline` because nothing or too little is known, or the most worth by what was `seen`. */
export type Ground = "expected" | "baseline" | "seen";

/** Arms that are compared, and what each is expected to bring; of one alone no price takes anything away. */
export interface Competing {
  readonly arms: readonly Valued[];
  readonly ground: Ground;
}

/** The baseline alone where too little is known of it, else what is known (Pi_b-SPIBB). */
export function competing(asked: Asked): Competing {
  const { router, policy, eligible, fallback = false } = asked;
  const baseline = eligible.find(({ id }) => id === router.baseline);
  const hoped: Competing = { arms: expected(eligible), ground: "expected" };
  const kept: Competing | null = baseline === undefined ? null : { arms: expected([baseline]), ground: "baseline" };
  if (fallback) return kept ?? hoped;
  // Nothing is learned: what the operator expects of the arms counts where it is worth something.
  if (policy === null) return kept === null || router.value_usd_micro > 0 ? hoped : kept;
  const known = knownOf(asked);
  // All of the baseline's mass lies on an arm that is not known here, so there is none to move.
  if (kept !== null && !known.some(({ arm }) => arm === baseline)) return kept;
  return known.length > 0 ? { arms: known, ground: "seen" } : hoped;
}

/** What answers before anything is explored. */
export interface Chosen {
  readonly arms: readonly ArmEntry[];
  readonly ground: Ground;
}

export function exploited(asked: Asked): Chosen {
  const { arms, ground } = competing(asked);
  return { arms: ground === "baseline" ? arms.map(({ arm }) => arm) : best(asked, arms), ground };
}

/** How much each arm that is explored gets, and how much the others keep between them. */
interface Spread {
  readonly each: number;
  readonly rest: number;
}

/** The operator says how much is explored; a policy may ask for less, and never below the floor. */
function spreadOf({ router, policy, eligible, fallback = false }: Asked, chosen: readonly ArmEntry[]): Spread {
  const { epsilon, floor } = router.exploration ?? NO_EXPLORATION;
  const explored = eligible.filter(({ reversible }) => reversible).length;
  if (fallback || explored === 0 || eligible.length < 2) return { each: 0, rest: 1 };
  const wanted = Math.max(Math.min(epsilon, policy?.exploration.epsilon ?? epsilon) / explored, floor);
  if (chosen.every(({ reversible }) => reversible)) {
    // More floors than there is mass cannot be kept: then they are equal.
    const each = Math.min(wanted, 1 / explored);
    return { each, rest: Math.max(0, 1 - each * explored) };
  }
  // What is chosen and cannot be undone keeps the floor as well, so that no weight of a candidate is above one over it.
  const kept = Math.min(floor, 1 / (explored + 1));
  const each = Math.min(wanted, (1 - kept) / explored);
  return { each, rest: Math.max(kept, 1 - each * explored) };
}

/**
 * The probability of each eligible arm, in their order; they add up to one but for rounding. Some of the mass goes evenly
 * to arms that can be undone, and none that is drawn at all falls below the operator's floor.
 * An arm that cannot be undone is never explored: it has what is left where it is the one choice, or nothing.
 */
export function propensities(asked: Asked): Share[] {
  const chosen = exploited(asked).arms;
  const { each, rest } = spreadOf(asked, chosen);
  return asked.eligible.map((arm) => ({ arm: arm.id, propensity: (chosen.includes(arm) ? rest / chosen.length : 0) + (arm.reversible ? each : 0) }));
}

/** The arm where the running sum passes `u` in [0, 1); the last of any mass where rounding left it short. */
export function drawn(shares: readonly Share[], u: number): Share {
  let sum = 0;
  let last: Share | undefined;
  for (const share of shares) {
    if (share.propensity <= 0) continue;
    sum += share.propensity;
    last = share;
    if (u < sum) return share;
  }
  if (last === undefined) throw new RangeError("no arm has any mass");
  return last;
}
