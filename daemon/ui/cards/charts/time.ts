/** Decisions over time: bars of a day, a week, a month or a year, in UTC. Pure. */
import { plural } from "../../../verifier/words/card.ts";
import type { Bars, Charted } from "./bars.ts";

const DAY_MS = 86_400_000;
/** More bars than these are hairs. */
const BARS_MAX = 62;
/** 1970-01-01 was a Thursday; a week of ISO 8601 begins on Monday. */
const THURSDAY = 3;

const two = (value: number): string => String(value).padStart(2, "0");
const four = (value: number): string => String(value).padStart(4, "0");

/** A calendar unit as whole numbers in a row: `of` a time, and the first moment of one. */
interface Unit {
  readonly name: string;
  readonly of: (ms: number) => number;
  readonly start: (place: number) => Date;
  readonly text: (start: Date) => string;
  readonly short: (start: Date) => string;
}

const day = (date: Date): string => `${four(date.getUTCFullYear())}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
const month = (date: Date): string => `${four(date.getUTCFullYear())}-${two(date.getUTCMonth() + 1)}`;
const dayMonth = (date: Date): string => day(date).slice(5);

/** `Date.UTC` takes years below 100 for those after 1900. */
function firstOf(year: number, at: number): Date {
  const date = new Date(Date.UTC(2000, at, 1));
  date.setUTCFullYear(year);
  return date;
}

const UNITS: readonly Unit[] = [
  { name: "day", of: (ms) => Math.floor(ms / DAY_MS), start: (place) => new Date(place * DAY_MS), text: day, short: dayMonth },
  { name: "week", of: (ms) => Math.floor((Math.floor(ms / DAY_MS) + THURSDAY) / 7), start: (place) => new Date((place * 7 - THURSDAY) * DAY_MS), text: (date) => `week from ${day(date)}`, short: dayMonth },
  { name: "month", of: (ms) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth(), start: (place) => firstOf(Math.floor(place / 12), ((place % 12) + 12) % 12), text: month, short: month },
  { name: "year", of: (ms) => new Date(ms).getUTCFullYear(), start: (place) => firstOf(place, 0), text: (date) => four(date.getUTCFullYear()), short: (date) => four(date.getUTCFullYear()) },
];

const PARTS = [{ name: "refused", fill: "refuse" }, { name: "held", fill: "hold" }, { name: "admitted", fill: "admit" }] as const;

/** Two clocks may differ by this much. */
const AHEAD_MS = DAY_MS;
/** Beginning with so many cards, the oldest of these choose no unit where without them a time is much shorter. */
const ODD_SHARE = 0.02;
const MUCH_SHORTER = 4;

/** What a unit has to reach over: a date that is long gone must not lay all others on one another. */
function spanOf(times: readonly number[]): readonly [first: number, last: number] {
  const [first = Infinity, last = -Infinity, usual = Infinity] = [times[0], times.at(-1), times[Math.floor(times.length * ODD_SHARE)]];
  return last - first > MUCH_SHORTER * (last - usual) ? [usual, last] : [first, last];
}

export function decisionsOverTime(cards: readonly Charted[], now_ms: number): Bars {
  const undated = cards.filter(({ at_ms }) => at_ms === null).length;
  const dated = cards.flatMap(({ at_ms, verdict }) => (at_ms === null || at_ms > now_ms + AHEAD_MS ? [] : [{ at_ms, verdict }]));
  const ahead = cards.length - undated - dated.length;
  const times = dated.map(({ at_ms }) => at_ms).sort((a, b) => a - b);
  const first = times[0] ?? Infinity;
  const [usual, last] = spanOf(times);
  const unit = UNITS.find(({ of }) => of(last) - of(usual) < BARS_MAX) ?? UNITS[UNITS.length - 1]!;
  const newest = unit.of(last);
  // A clock that was wrong once must not make hairs of all the rest.
  const oldest = Math.max(unit.of(first), newest - BARS_MAX + 1);
  const counts = Array.from({ length: dated.length === 0 ? 0 : newest - oldest + 1 }, () => PARTS.map(() => 0));
  let early = 0;
  for (const { at_ms, verdict } of dated) {
    const place = Math.max(unit.of(at_ms), oldest);
    if (place !== unit.of(at_ms)) early += 1;
    const bar = counts[place - oldest]!;
    const part = PARTS.findIndex(({ fill }) => fill === verdict);
    bar[part] = (bar[part] ?? 0) + 1;
  }
  const bars = counts.map((of, i) => ({ label: unit.short(unit.start(oldest + i)), name: `${i === 0 && early > 0 ? "until " : ""}${unit.text(unit.start(oldest + i))}`, counts: of }));
  return {
    id: "decisions",
    title: `Decisions by ${unit.name}`,
    of: `${unit.name[0]?.toUpperCase()}${unit.name.slice(1)} (UTC)`,
    lying: false,
    parts: PARTS,
    bars,
    marks: [],
    remarks: [...(ahead === 0 ? [] : [`${plural(ahead, "card")} ${ahead === 1 ? "is" : "are"} dated in the future and ${ahead === 1 ? "is" : "are"} not in it.`]), ...(undated === 0 ? [] : [`${plural(undated, "card")} without a time ${undated === 1 ? "is" : "are"} not in it.`]), ...(early === 0 ? [] : [`The first bar also holds ${plural(early, "card")} from before it.`])],
  };
}
