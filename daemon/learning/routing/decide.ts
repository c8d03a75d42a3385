/** One request to an arm, or a recorded one to the same arm again. Pure: what is random, and what could be paid, is handed in. */
import type { Prices, ResourceAmounts } from "../../../proto/resource.ts";
import type { ArmEntry, Context, FORCED, RouterEntry, Share } from "../../../proto/routing.ts";
import type { Cells } from "./propensities.ts";
import { type Asked, drawn as drawnOf, exploited, type Ground, propensities, usageOf } from "./propensities.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";

/** What decides: a router as it is configured, and what was learned for it. */
export interface Decider {
  readonly router: RouterEntry;
  readonly policy: { readonly document: RoutingPolicy; readonly cells: Cells } | null;
}

/** Why nothing is left to chance. */
export type Taken = Extract<(typeof FORCED)[number], "only-arm" | "without" | "guard" | "budget" | "constraint">;

/** What there is to choose from. */
export interface Choice {
  readonly context: Context;
  /** In the order of the configuration, at least one. */
  readonly eligible: readonly ArmEntry[];
  readonly forced: Taken | null;
  readonly prices: Prices;
}

export interface Decided {
  readonly eligible: Share[];
  readonly drawn: string;
  /** Of what was drawn; 1 where it was forced. */
  readonly propensity: number;
  readonly usage: ResourceAmounts;
  /** `drawn`: not chosen but explored. */
  readonly ground: Ground | "drawn";
}

/** Throws `RangeError` where there is nothing to choose from. */
export function decide({ router, policy }: Decider, { context, eligible, forced, prices }: Choice, u: number): Decided {
  const asked: Asked = { router, policy: policy === null ? null : { ...policy.document, cells: policy.cells }, context, eligible, prices, fallback: forced === "constraint" };
  const { arms: chosen, ground } = exploited(asked);
  const [first] = chosen;
  if (first === undefined) throw new RangeError("no arm to choose from");
  // What is forced is never learned from, so nothing is drawn for it either.
  const shares = forced === null ? propensities(asked) : eligible.map(({ id }) => ({ arm: id, propensity: id === first.id ? 1 : 0 }));
  const { arm: drawn, propensity } = forced === null ? drawnOf(shares, u) : { arm: first.id, propensity: 1 };
  const arm = eligible.find(({ id }) => id === drawn) ?? first;
  return { eligible: shares, drawn, propensity, usage: usageOf(arm, context), ground: chosen.includes(arm) ? ground : "drawn" };
}

export interface Wish {
  readonly context: Context;
  readonly require: readonly string[];
  readonly without: readonly string[];
}

/** Arms that can do all of it. */
export const capable = ({ arms }: RouterEntry, { require }: Pick<Wish, "require">): ArmEntry[] => arms.filter(({ capabilities = [] }) => require.every((wanted) => capabilities.includes(wanted)));

export interface Narrowed {
  readonly eligible: readonly ArmEntry[];
  readonly forced: Taken | null;
  /** Arms that could have answered and were taken away. */
  readonly left_out: readonly string[];
  /** Why the first of them could not be paid for; null where none fell for that. */
  readonly short: string | null;
  /** Why the first of them is refused what it sets off; null where none is. */
  readonly refused: string | null;
}

/** What may keep an arm from answering just now: why, or null. */
export interface Hindrances {
  /** It cannot be paid for. */
  short(usage: ResourceAmounts): string | null;
  /** What it sets off is refused. */
  refused(arm: ArmEntry): string | null;
}

const first = (reasons: readonly (string | null)[]): string | null => reasons.find((each) => each !== null) ?? null;

/** Nothing eligible: nothing can answer. */
export function narrowed(router: RouterEntry, wish: Wish, { short, refused }: Hindrances, fallback: boolean): Narrowed {
  const can = capable(router, wish);
  const allowed = can.filter(({ id }) => !wish.without.includes(id));
  const [shorts, refusals] = [allowed.map((arm) => short(usageOf(arm, wish.context))), allowed.map(refused)];
  const eligible = allowed.filter((_, i) => shorts[i] === null && refusals[i] === null);
  const left_out = can.filter((arm) => !eligible.includes(arm)).map(({ id }) => id);
  const taken = fallback ? "constraint" : first(refusals) !== null ? "guard" : eligible.length < allowed.length ? "budget" : allowed.length < can.length ? "without" : eligible.length === 1 ? "only-arm" : null;
  return { eligible, forced: taken, left_out, short: first(shorts), refused: first(refusals) };
}

/** Leaves the arms that are worth at least `least`, or come nearest: what a promised share asks for comes before what is learned, and behind a violated constraint. */
export function guarded(left: Narrowed, worth: (arm: ArmEntry) => number, least: number): Narrowed {
  if (left.forced === "constraint" || least <= 0) return left;
  const most = Math.min(least, Math.max(0, ...left.eligible.map(worth)));
  const eligible = left.eligible.filter((arm) => worth(arm) >= most);
  if (eligible.length === left.eligible.length) return left;
  return { ...left, eligible, forced: "guard", left_out: [...left.left_out, ...left.eligible.filter((arm) => !eligible.includes(arm)).map(({ id }) => id)] };
}
