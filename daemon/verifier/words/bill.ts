/** What the change cost in all, from the ledger, at which prices, and what its payers have left; beside the signed card. */
import type { BudgetLeft, ChangeCost, PaidShare } from "../../../proto/usage.ts";
import type { Card } from "../../../proto/card.ts";
import { costText, plural } from "./card.ts";

const US = 1e6;
const SHARES_SHOWN_MAX = 8;
const seconds = (us: number): string => (us / US).toFixed(us < 10 * US ? 2 : 0);

/** Calls that nobody knows of are unknown, not none. */
function coverageText({ runs_named, runs_reported, calls_made, calls_reported, tokens }: NonNullable<ChangeCost["reported"]>): string {
  const calls = `${calls_reported} of ${calls_made ?? "an unknown number of"} calls reported`;
  const runs = runs_named === 1 && runs_reported === 1 ? "" : `, ${runs_reported} of ${plural(runs_named, "run")}`;
  return `${calls}${runs}${tokens === null ? "" : `, ${tokens} tokens`}`;
}

type Part = Pick<ChangeCost, "runs" | "died" | "wall_us" | "cpu_us">;

function spentText({ runs, died, wall_us, cpu_us }: Part): string {
  const dead = died === 0 ? "" : `, ${died} of them charged in full as their daemon died`;
  return `${plural(runs, "run")}${dead}, ${seconds(wall_us)} s of gates, ${seconds(cpu_us)} s of processors`;
}

/** Who paid is said where that is not simply everything. */
function shareTexts({ runs, paid = [] }: ChangeCost): string[] {
  const parts = paid.filter((part) => part.runs < runs);
  const more = parts.length - SHARES_SHOWN_MAX;
  return [...parts.slice(0, SHARES_SHOWN_MAX).map((part) => `of it ${part.payer}: ${spentText(part)}`), ...(more > 0 ? [`and ${more} more, in --json`] : [])];
}

/** What a price is in. */
export const PRICE_UNIT = { usd_micro: "$ more for a dollar", tokens: "$ for 1,000 tokens", gpu_us: "$ for a GPU second", cpu_us: "$ for a CPU minute" } as const;
const DIGITS = 4;
const short = (value: number): string => String(Number(value.toPrecision(DIGITS)));
const dollars = (usd_micro: number): string => `$${short(usd_micro / 1e6)}`;

function marketText({ epoch, prices, certificate: { regret, promise, holds }, slot, usd_micro }: NonNullable<ChangeCost["market"]>): string {
  const named = (Object.keys(PRICE_UNIT) as (keyof typeof PRICE_UNIT)[]).flatMap((resource) => (prices[resource] === undefined ? [] : [`${short(prices[resource])} ${PRICE_UNIT[resource]}`]));
  return `at the prices of slot ${epoch} (${named.join(", ")}): worth ${dollars(usd_micro)} to others; certificate ${holds ? "holds" : "BROKEN"}, regret ${short(regret)} $ <= promise ${short(promise)} $${slot === null ? "" : `, slot ${slot.epoch} sha256 ${slot.sha256.slice(0, 16)}`}`;
}

const LEFT: { readonly [Of in Exclude<keyof BudgetLeft, "refilled">]-?: (amount: number) => string } = {
  wall_us: (us) => `${seconds(us)} s of work`,
  cpu_us: (us) => `${seconds(us)} s of processors`,
  model_tokens: (tokens) => `${tokens} tokens`,
  usd_micro: dollars,
  gpu_us: (us) => `${seconds(us)} s of GPUs`,
};

function leftText({ payer, left }: PaidShare): string[] {
  if (left === undefined) return [];
  const parts = (Object.keys(LEFT) as (keyof typeof LEFT)[]).flatMap((of) => (left[of] === undefined ? [] : [LEFT[of](left[of])]));
  return [`budget of ${payer} until ${left.refilled}: ${parts.join(", ")} left`];
}

/** What is reported of the change until now. A card is signed with what was known when it was decided, and reports come later. */
export function costNowText(card: Pick<Card, "cost">, cost: Pick<ChangeCost, "reported"> | null | undefined): string {
  const signed = costText(card);
  const micro_usd = cost?.reported?.micro_usd ?? null;
  if (micro_usd === null) return signed;
  const now = costText({ cost: { reported: true, micro_usd } });
  return now === signed ? now : `${now}, reported after the decision (then: ${signed})`;
}

export function billTexts(cost: ChangeCost): string[] {
  const { reported, market, paid = [] } = cost;
  return [
    ...(reported === null ? [] : [coverageText(reported)]),
    `this change so far: ${spentText(cost)}`,
    ...shareTexts(cost),
    ...(market === undefined ? [] : [marketText(market)]),
    ...paid.slice(0, SHARES_SHOWN_MAX).flatMap(leftText),
  ];
}
