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
  return `${sign}$${size / MICRO}${fraction === "" ? "" : `.${fraction.padEnd(2, "0")}`}`;
}

const CENT = 10_000n;

/** Up to the next cent, so that little is not nothing; what is less than a cent is said to its last digit. */
const roundedText = (micro_usd: bigint): string => usdText(micro_usd < CENT ? micro_usd : ((micro_usd + CENT - 1n) / CENT) * CENT);

/** The largest number of 1, 2, 5, 10, 20, ... that is not above `value`, which is at least 1. */
function stepBelow(value: bigint): bigint {
  const power = 10n ** BigInt(String(value).length - 1);
  return [5n, 2n, 1n].map((times) => times * power).find((one) => one <= value) ?? power;
}

const stepAbove = (step: bigint): bigint => (String(step).startsWith("2") ? (step * 5n) / 2n : step * 2n);

/** Lower ends of the bins, in order; the first one also takes what is below it. */
function lowerEnds(least: bigint, most: bigint): bigint[] {
  const ends: bigint[] = [];
  for (let end = stepBelow(least < 1n ? 1n : least); end <= most; end = stepAbove(end)) ends.push(end);
  return ends.slice(-BINS_MAX);
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
  const ends = most <= 0n ? [] : lowerEnds(known[free] ?? 1n, most);
  const counts = ends.map(() => 0);
  // The bin of a cost: the last one that begins at or below it.
  const placeOf = (cost: bigint): number => Math.max(0, ends.findLastIndex((end) => end <= cost));
  for (const cost of known.slice(free)) counts[placeOf(cost)] = (counts[placeOf(cost)] ?? 0) + 1;
  const below = (known[free] ?? 0n) < (ends[0] ?? 0n);
  const bins = ends.map((end, i) => ({ label: usdText(end), name: i === 0 && below ? `less than ${usdText(stepAbove(end))}` : `${usdText(end)} to less than ${usdText(stepAbove(end))}`, counts: [counts[i] ?? 0] }));
  const zero = free === 0 ? [] : [{ label: "$0", name: "$0", counts: [free] }];
  const mark = (name: string, share: number) => {
    const cost = known[quantileAt(known.length, share)] ?? most;
    return { label: `${name} ${roundedText(cost)}`, bar: cost <= 0n ? 0 : placeOf(cost) + zero.length };
  };
  const sum = known.reduce((all, cost) => all + cost, 0n);
  return { ...FRAME, bars: [...zero, ...bins], marks: [mark("p50", 0.5), mark("p95", 0.95)], remarks: [`${plural(known.length, "change")}, ${roundedText(sum)} in all.`, ...silent] };
}
