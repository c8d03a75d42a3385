/** From the first time that a change was not admitted to its release by a person. Pure. */
import { plural } from "../../../verifier/words/card.ts";
import { quantileAt, type Bars, type Charted } from "./bars.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** Lower ends; the last bin has no upper one. */
const ENDS: readonly (readonly [ms: number, label: string])[] = [
  [0, "0 min"],
  [5 * MINUTE, "5 min"],
  [15 * MINUTE, "15 min"],
  [HOUR, "1 h"],
  [4 * HOUR, "4 h"],
  [DAY, "1 d"],
  [3 * DAY, "3 d"],
  [7 * DAY, "7 d"],
  [30 * DAY, "30 d"],
];

function waitText(ms: number): string {
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  return ms < 2 * DAY ? `${(ms / HOUR).toFixed(1)} h` : `${(ms / DAY).toFixed(1)} d`;
}

const FRAME = { id: "releases", title: "Time to release", of: "From held to released", lying: false, parts: [{ name: "changes", fill: "plain" }] } as const;

/** Of a change that two people released, the later one counts: it had no effect before. */
const releasedMs = ({ released }: Charted): number | null => (released.length === 0 ? null : Math.max(...released.map(({ at }) => Date.parse(at))));

export function timeToRelease(cards: readonly Charted[]): Bars {
  const released = cards.flatMap((card) => {
    const at = releasedMs(card);
    return at === null ? [] : [{ at, held_at: card.held_at ?? null }];
  });
  const waits = released.flatMap(({ at, held_at }) => (held_at === null ? [] : [Math.max(0, at - Date.parse(held_at))])).sort((a, b) => a - b);
  const open = cards.filter(({ verdict, released: by }) => verdict === "hold" && by.length === 0).length;
  const unknown = released.length - waits.length;
  const remarks = [
    ...(open === 0 ? [] : [`${plural(open, "held change")} ${open === 1 ? "is" : "are"} not released and not in it.`]),
    ...(unknown === 0 ? [] : [`Of ${plural(unknown, "released change")} it is not known when ${unknown === 1 ? "it was" : "they were"} held.`]),
  ];
  if (waits.length === 0) return { ...FRAME, bars: [], marks: [], remarks };
  const placeOf = (wait: number): number => ENDS.findLastIndex(([ms]) => ms <= wait);
  const counts = ENDS.map(() => 0);
  for (const wait of waits) counts[placeOf(wait)] = (counts[placeOf(wait)] ?? 0) + 1;
  const bars = ENDS.map(([, label], i) => ({ label, name: i === ENDS.length - 1 ? `${label} or more` : `${label} to less than ${ENDS[i + 1]?.[1] ?? ""}`, counts: [counts[i] ?? 0] }));
  const mark = (name: string, share: number) => {
    const wait = waits[quantileAt(waits.length, share)] ?? 0;
    return { label: `${name} ${waitText(wait)}`, bar: placeOf(wait) };
  };
  return { ...FRAME, bars, marks: [mark("p50", 0.5), mark("p95", 0.95)], remarks };
}
