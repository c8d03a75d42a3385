/** What a recorded decision chose from, with what each arm was worth without prices: of that an audit computes what any other price would have done. Pure. */
import type { Episode } from "../../../proto/episode.ts";
import { PER_NATURAL_UNIT, type ResourceAmounts } from "../../../proto/resource.ts";
import type { Decider } from "./decide.ts";
import { competing, usageOf } from "./propensities.ts";

export interface Options {
  /** Which of them was taken. */
  readonly chosen: number;
  /** In dollars, what is paid for it taken off. */
  readonly worth: readonly number[];
  readonly use: readonly ResourceAmounts[];
}

/** `null` where no price decides: one arm alone, rewards that are worth no dollars, or an arm that was drawn and never compared. */
export function optionsOf({ router, policy }: Decider, { context, eligible, prices, forced, drawn }: Pick<Episode, "context" | "eligible" | "prices" | "forced" | "drawn">): Options | null {
  const open = eligible.flatMap(({ arm }) => router.arms.find(({ id }) => id === arm) ?? []);
  if (router.value_usd_micro === 0 || open.length !== eligible.length) return null;
  const { arms } = competing({ router, policy: policy === null ? null : { ...policy.document, cells: policy.cells }, context, eligible: open, prices, fallback: forced === "constraint" });
  const chosen = arms.findIndex(({ arm }) => arm.id === drawn);
  if (chosen === -1 || arms.length < 2) return null;
  const use = arms.map(({ arm }) => usageOf(arm, context));
  const worth = arms.map(({ reward }, i) => (router.value_usd_micro / PER_NATURAL_UNIT.usd_micro) * reward - (use[i]?.usd_micro ?? 0) / PER_NATURAL_UNIT.usd_micro);
  return { chosen, worth, use };
}
