/**
 * A candidate from what was logged: for each place and arm how often it ran and what it brought. A table, because a
 * person can read it, and because the same log gives the same bytes.
 */
import type { Context, Exploration, RouterEntry } from "../../../proto/routing.ts";
import { type BucketField, CELLS_MAX, ROUTING_POLICY_TYPE, type RoutingPolicy, type Seen } from "../../../proto/routing-policy.ts";
import { placeOf, placesOf } from "../routing/propensities.ts";

/** Largest weight of one decision where the router's floor promises none. */
const WEIGHT_MAX = 1_000;

interface FitSettings {
  readonly router: RouterEntry;
  readonly buckets: readonly BucketField[];
  readonly count_min: number;
  readonly exploration: Exploration;
}

/** What of a decision is learned from. */
export interface Lesson {
  readonly context: Context;
  readonly executed: string;
  readonly propensity: number;
  readonly reward: number;
}

interface Sums {
  count: number;
  weights: number;
  rewards: number;
}

/** What this router itself draws has a chance of at least its floor; what somebody reports may claim any, and two such rows would outweigh all that was seen. */
const weightMax = ({ exploration }: RouterEntry): number => (exploration !== undefined && exploration.floor > 0 ? 1 / exploration.floor : WEIGHT_MAX);

/** Adds up decisions as they come. Throws `RangeError` for buckets of more places than a policy holds. */
export function createFit({ router, buckets, count_min, exploration }: FitSettings) {
  if (placesOf(buckets) > CELLS_MAX) throw new RangeError(`${placesOf(buckets)} places; a policy holds ${CELLS_MAX}: use fewer fields or wider buckets`);
  const { min, max } = router.reward;
  const most = weightMax(router);
  const places = new Map<string, { readonly at: number[]; readonly arms: Map<string, Sums> }>();
  return {
    add({ context, executed, propensity, reward }: Lesson): void {
      const at = placeOf({ buckets: [...buckets] }, context);
      const name = at.join(" ");
      const place = places.get(name) ?? { at, arms: new Map<string, Sums>() };
      const sums = place.arms.get(executed) ?? { count: 0, weights: 0, rewards: 0 };
      const weight = Math.min(1 / propensity, most);
      place.arms.set(executed, { count: sums.count + 1, weights: sums.weights + weight, rewards: sums.rewards + weight * reward });
      places.set(name, place);
    },
    /** Places and arms in order, so that the same decisions give the same document whatever their order of fields. */
    policy(): RoutingPolicy {
      const cells = [...places.values()].sort((a, b) => inOrder(a.at, b.at)).map(({ at, arms }) => ({
        at,
        seen: router.arms.flatMap(({ id }): Seen[] => {
          const sums = arms.get(id);
          // Rounding may leave a mean of equal rewards outside of their bounds by its last bit.
          return sums === undefined ? [] : [{ arm: id, count: sums.count, mean: Math.min(Math.max(sums.rewards / sums.weights, min), max) }];
        }),
      }));
      return { type: ROUTING_POLICY_TYPE, v: 1, router: router.id, reward: router.reward, baseline: router.baseline, buckets: [...buckets], cells, count_min, exploration };
    },
  };
}

function inOrder(a: readonly number[], b: readonly number[]): number {
  for (const [i, place] of a.entries()) {
    const apart = place - (b[i] ?? 0);
    if (apart !== 0) return apart;
  }
  return 0;
}
