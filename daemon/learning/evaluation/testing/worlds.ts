/** Worlds whose truth is known: what each arm brings and breaks, and how it was drawn. */
import type { RouterEntry } from "../../../../proto/routing.ts";
import { ROUTING_POLICY_TYPE, type RoutingPolicy } from "../../../../proto/routing-policy.ts";
import type { LogRow } from "../row.ts";

export interface WorldArm {
  readonly share: number;
  /** Chance of a reward of 1, at a place in the log from 0 to 1. */
  readonly reward: (at: number) => number;
  readonly harm?: number;
}

export const always = (chance: number) => (): number => chance;

export interface WorldOptions {
  readonly arms: readonly WorldArm[];
  /** Which arm the candidate takes for the best. */
  readonly favourite: number;
  readonly epsilon?: number;
  readonly harm_max?: number;
  readonly margin?: number;
}

/** SplitMix32: the same worlds everywhere. */
export function dice(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 4_294_967_296;
  };
}

const EPSILON = 0.25;
const idOf = (place: number): string => `arm-${place}`;

export function routerOf({ arms, harm_max, margin = 0, epsilon = EPSILON }: WorldOptions): RouterEntry {
  return {
    id: "world",
    context: [{ name: "size", type: "choice", values: ["small", "large"] }],
    arms: arms.map((_, place) => ({ id: idOf(place), reversible: true, reward: 0 })),
    baseline: idOf(0),
    reward: { name: "solved", version: 1, min: 0, max: 1 },
    value_usd_micro: 0,
    outcome_s: 60,
    exploration: { epsilon, floor: 0 },
    promotion: { delta: 0.05, margin },
    ...(harm_max === undefined ? {} : { constraints: [{ name: "failed", min: 0, max_value: 1, max: harm_max }] }),
  };
}

export function candidateOf(options: WorldOptions): RoutingPolicy {
  const { arms, favourite, epsilon = EPSILON } = options;
  const { reward, baseline } = routerOf(options);
  const cells = [0, 1].map((at) => ({ at: [at], seen: arms.map((_, place) => ({ arm: idOf(place), count: 1_000, mean: place === favourite ? 0.9 : 0.1 })) }));
  return { type: ROUTING_POLICY_TYPE, v: 1, router: "world", reward, baseline, buckets: [{ field: "size", values: ["small", "large"] }], cells, count_min: 1, exploration: { epsilon, floor: 0 } };
}

/** What the candidate does, as it follows from its exploration. */
export const sharesOf = ({ arms, favourite, epsilon = EPSILON }: WorldOptions): number[] => arms.map((_, place) => epsilon / arms.length + (place === favourite ? 1 - epsilon : 0));

/** Mean over arms, by the shares of the candidate less those of the log. */
export const gainOf = (options: WorldOptions, at: number): number => sharesOf(options).reduce((sum, p, place) => sum + (p - (options.arms[place]?.share ?? 0)) * (options.arms[place]?.reward(at) ?? 0), 0);
export const harmOf = (options: WorldOptions): number => sharesOf(options).reduce((sum, p, place) => sum + p * (options.arms[place]?.harm ?? 0), 0);

function drawn(shares: readonly number[], u: number): number {
  let sum = 0;
  for (const [place, share] of shares.entries()) {
    sum += share;
    if (u < sum) return place;
  }
  return shares.length - 1;
}

/** `rows` decisions in the order of time. `lie`: what is logged where something else is drawn from. */
export function* logOf({ arms, harm_max }: WorldOptions, rows: number, seed: number, lie?: readonly number[]): Generator<LogRow & { readonly reward: number }> {
  const roll = dice(seed);
  const shares = arms.map(({ share }) => share);
  const places = arms.map((_, place) => place);
  for (let row = 0; row < rows; row++) {
    const [safety, size, executed] = [roll() < 0.5, roll() < 0.5, drawn(shares, roll())];
    const arm = arms[executed];
    const reward = roll() < (arm?.reward(row / rows) ?? 0) ? 1 : 0;
    const failed = roll() < (arm?.harm ?? 0) ? 1 : 0;
    yield { safety, reward, context: { size: size ? "large" : "small" }, arms: places, shares: lie ?? shares, executed, prices: {}, constraints: harm_max === undefined ? [] : [failed] };
  }
}
