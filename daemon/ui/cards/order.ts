/** Orders of cards. Missing values come last whichever way round, and cards that are equal stand newest first. Pure. */
import { RISKS, type PageCard } from "./model.ts";

const VERDICT_RANK = { admit: 0, hold: 1, refuse: 2 } as const;

/** What a card is put in order by; null where it has none. More stands first unless the order is turned round. */
const KEYS = {
  age: ({ at_ms }) => at_ms,
  cost: ({ whole_micro_usd }) => whole_micro_usd,
  time: ({ total_us }) => total_us,
  decision: ({ verdict }) => VERDICT_RANK[verdict],
  lines: ({ added_lines, removed_lines }) => added_lines + removed_lines,
  risk: ({ risk }) => (risk === null ? null : RISKS.indexOf(risk)),
} as const satisfies Readonly<Record<string, (card: PageCard) => number | bigint | null>>;

export type SortKey = keyof typeof KEYS;
export const SORT_KEYS = Object.keys(KEYS) as readonly SortKey[];
export type Direction = "down" | "up";

/** In the words of the page: the order downwards, and upwards. */
export const SORT_WORDS: Readonly<Record<SortKey, { readonly name: string; readonly down: string; readonly up: string; readonly missing: string }>> = {
  age: { name: "Decided", down: "newest first", up: "oldest first", missing: "without a time" },
  cost: { name: "Cost", down: "costliest first", up: "cheapest first", missing: "without a reported cost" },
  time: { name: "Time to decide", down: "slowest first", up: "fastest first", missing: "without a measured time" },
  decision: { name: "Decision", down: "refused first", up: "admitted first", missing: "" },
  lines: { name: "Lines", down: "largest first", up: "smallest first", missing: "" },
  risk: { name: "Risk of the next step", down: "riskiest first", up: "safest first", missing: "without a risk" },
};

const compare = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** A decision's time is whole seconds, in which a busy node decides several. */
const atOnce = (a: PageCard, b: PageCard): number => compare(a.place ?? -1, b.place ?? -1);

function newestFirst(a: PageCard, b: PageCard): number {
  if (a.at_ms !== b.at_ms) return a.at_ms === null ? 1 : b.at_ms === null ? -1 : b.at_ms - a.at_ms;
  return atOnce(b, a) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

export function sorted(cards: readonly PageCard[], key: SortKey, direction: Direction): PageCard[] {
  const valueOf = KEYS[key];
  const turn = direction === "down" ? -1 : 1;
  return [...cards].sort((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === null || y === null) return x === y ? newestFirst(a, b) : x === null ? 1 : -1;
    return turn * compare(x, y) || (key === "age" ? turn * atOnce(a, b) : 0) || newestFirst(a, b);
  });
}

export const missingIn = (cards: readonly PageCard[], key: SortKey): number => cards.reduce((count, card) => (KEYS[key](card) === null ? count + 1 : count), 0);

export const hasRisk = (cards: readonly PageCard[]): boolean => cards.some(({ risk }) => risk !== null);
