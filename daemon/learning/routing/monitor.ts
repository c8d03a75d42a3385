/**
 * Whether a constraint holds, looked at after every outcome: bets against "its mean is at most `max`" that pay out only
 * where it is above. Whoever bets against what is true multiplies their stake by t with a chance of at most 1/t, however
 * often they look (Ville); so a router falls back wrongly with a chance of at most `FALSE_ALARM`, in all its time.
 * A bet begins at each outcome j with 1/(j(j+1)) of the stake: a harm that begins late is found about as soon as an early one.
 * Pure, and addition, multiplication and division alone.
 */
import { Type, type Static } from "@sinclair/typebox";
import type { ConstraintEntry } from "../../../proto/routing.ts";
import { Closed, Count } from "../../../proto/scalar.ts";

/** Chance that a router falls back though everything holds; shared evenly among its monitors. */
export const FALSE_ALARM = 0.01;
/** Parts of the largest bet that cannot lose everything in one outcome: small ones find a mean that is a little above, large ones a broken arm. */
const BETS = [0.05, 0.2, 0.5, 0.9] as const;
const WEALTH_MAX = 1e300;

/** `wealth` of each bet. */
export const MonitorState = Closed({ seen: Count, wealth: Type.Array(Type.Number({ minimum: 0 }), { minItems: BETS.length, maxItems: BETS.length }), violated: Type.Boolean() });
export type MonitorState = Static<typeof MonitorState>;

export const FRESH: MonitorState = { seen: 0, wealth: BETS.map(() => 0), violated: false };

/** A constraint that does not hold, of one arm or of the router as a whole. */
export interface Violation {
  readonly constraint: string;
  readonly arm: string | null;
  readonly max: number;
}

/** `monitors`: of how many this is one. Once violated it stays so. */
export function watched(state: MonitorState, value: number, { min, max, max_value }: Pick<ConstraintEntry, "min" | "max" | "max_value">, monitors: number): MonitorState {
  const x = Math.min(Math.max(value, min), max_value);
  const seen = state.seen + 1;
  // Nothing is below `min`, so a mean of `min` has room for no value above it.
  if (max <= min) return { seen, wealth: state.wealth, violated: state.violated || x > max };
  const stake = 1 / (seen * (seen + 1));
  const wealth = BETS.map((part, i) => Math.min((1 + (part / (max - min)) * (x - max)) * ((state.wealth[i] ?? 0) + stake), WEALTH_MAX));
  const held = wealth.reduce((sum, each) => sum + each, 0) / BETS.length + 1 / (seen + 1);
  return { seen, wealth, violated: state.violated || held >= monitors / FALSE_ALARM };
}
