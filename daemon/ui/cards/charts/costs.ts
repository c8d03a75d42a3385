/** What a change cost, as far as it is known, which is what the list sorts by: bins of a 1-2-5 series, the middle and the dear end marked. Whole micro-USD, so no sum is rounded. Pure. */
import { plural } from "../../../verifier/words/card.ts";
import { quantileAt, type Bars, type Charted } from "./bars.ts";

const BINS_MAX = 24;
const MICRO = 1_000_000n;

/** Up to six digits after the point, without zeros at the end, at least two where there are any. */
export function usdText(micro_usd: bigint): string {
  const sign = micro_usd < 0n ? "-" : "";
  const size = micro_usd < 0n ? -micro_usd : micro_usd;
  const fraction = String(size % MICRO).padStart(6, "0").replace(/0+$/, "");
  return `${sign}$${(size / MICRO).toLocaleString("en")}${fraction === "" ? "" : `.${fraction.padEnd(2, "0")}`}`;
}

const CENT = 10_000n;

/** For a glance, and the same wherever a cost is glanced at: up to the next cent, so that little is not nothing; what is less than a cent is said to its last digit. */
export function costText(micro_usd: bigint): string {
  if (micro_usd < CENT) return usdText(micro_usd);
  const cents = (micro_usd + CENT - 1n) / CENT;
  return `$${(cents / 100n).toLocaleString("en")}.${String(cents % 100n).padStart(2, "0")}`;
}

const SHORTENED_FROM = 10_000n * MICRO;
const SCALES: readonly (readonly [bigint, string])[] = [[10n ** 12n, "T"], [10n ** 9n, "B"], [10n ** 6n, "M"], [1000n, "k"]];

/** In a drawing there is no room for more than a few digits; the table has all of them. */
export function shortText(micro_usd: bigint): string {
  if (micro_usd < SHORTENED_FROM) return costText(micro_usd);
  const dollars = micro_usd / MICRO;
  if (dollars >= 10n ** 15n) return `$${String(dollars)[0]}e${String(dollars).length - 1}`;
  const [size, letter] = SCALES.find(([one]) => dollars >= one) ?? [1n, ""];
  return `$${dollars / size}${letter}`;
}

/** The largest number of 1, 2, 5, 10, 20, ... that is not above `value`, which is at least 1. */
function stepBelow(value: bigint): bigint {
  const power = 10n ** BigInt(String(value).length - 1);
  return [5n, 2n, 1n].map((times) => times * power).find((one) => one <= value) ?? power;
}

const stepAbove = (step: bigint): bigint => (String(step).startsWith("2") ? (step * 5n) / 2n : step * 2n);

/** Of so many costs one odd one is left to the last bin, so that it does not push all others into the first. */
const USUAL_FROM = 50;
const USUAL_SHARE = 0.98;

/** Lower ends of the bins for sorted costs above nothing, in order; the first one also takes what is below it, and the last what is above it. */
function lowerEnds(costs: readonly bigint[]): bigint[] {
  const [least = 1n, most = 0n] = [costs[0], costs.at(-1)];
  const usual = costs.length < USUAL_FROM ? most : (costs[quantileAt(costs.length, USUAL_SHARE)] ?? most);
  const ends: bigint[] = [];
  for (let end = stepBelow(least < 1n ? 1n : least); end <= most; end = stepAbove(end)) ends.push(end);
  if (ends.length <= BINS_MAX) return ends;
  // One bin more, for those above.
  const above = ends.findLastIndex((end) => end <= usual) + 2;
  return ends.slice(Math.max(0, Math.min(above, ends.length) - BINS_MAX), above);
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const PARTS = [{ name: "changes", fill: "plain" }] as const;
const FRAME = { id: "costs", title: "Cost of a change", of: "Cost", lying: false, parts: PARTS } as const;

export function costPerChange(cards: readonly Charted[]): Bars {
  const known = cards.flatMap(({ whole_micro_usd: cost }) => (cost === null ? [] : [cost])).sort(compare);
  const unknown = cards.length - known.length;
  const silent = unknown === 0 ? [] : [`Of ${plural(unknown, "change")} no cost is known; ${unknown === 1 ? "it is" : "they are"} not in it, and not free.`];
  const most = known.at(-1);
  if (most === undefined) return { ...FRAME, bars: [], marks: [], remarks: silent };
  const free = known.filter((cost) => cost <= 0n).length;
  const ends = lowerEnds(known.slice(free));
  const counts = ends.map(() => 0);
  // The bin of a cost: the last one that begins at or below it.
  const placeOf = (cost: bigint): number => Math.max(0, ends.findLastIndex((end) => end <= cost));
  for (const cost of known.slice(free)) counts[placeOf(cost)] = (counts[placeOf(cost)] ?? 0) + 1;
  const below = (known[free] ?? 0n) < (ends[0] ?? 0n);
  const over = known.filter((cost) => ends.length > 0 && cost >= stepAbove(ends.at(-1) ?? 0n)).length;
  const bins = ends.map((end, i) => ({ label: shortText(end).replace(/\.00$/, ""), name: over > 0 && i === ends.length - 1 ? `${usdText(end)} or more` : i === 0 && below ? `less than ${usdText(stepAbove(end))}` : `${usdText(end)} to less than ${usdText(stepAbove(end))}`, counts: [counts[i] ?? 0] }));
  const zero = free === 0 ? [] : [{ label: "$0", name: "$0", counts: [free] }];
  const mark = (name: string, share: number) => {
    const cost = known[quantileAt(known.length, share)] ?? most;
    return { label: `${name} ${shortText(cost)}`, bar: cost <= 0n ? 0 : placeOf(cost) + zero.length };
  };
  const sum = known.reduce((all, cost) => all + cost, 0n);
  return { ...FRAME, bars: [...zero, ...bins], marks: [mark("p50", 0.5), mark("p95", 0.95)], remarks: [`${plural(known.length, "change")}, ${costText(sum)} in all.`, ...(over === 0 ? [] : [`The last bar also holds ${plural(over, "change")} that cost ${usdText(stepAbove(ends.at(-1) ?? 0n))} or more, up to ${costText(most)}.`]), ...silent] };
}
