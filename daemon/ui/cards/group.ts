/** Cards put together by what they share, with counts and sums. Pure. */
import { CARDS_LIMITS } from "./limits.ts";
import { stops, type PageCard } from "./model.ts";
import type { Direction, SortKey } from "./order.ts";

export interface Sums {
  readonly cards: number;
  readonly admit: number;
  readonly hold: number;
  readonly refuse: number;
  /** Null where nothing was reported of any of them. */
  readonly micro_usd: bigint | null;
  /** Of how many cards the sum is. */
  readonly priced: number;
  readonly lines: number;
  readonly newest_ms: number | null;
  readonly total_us: number | null;
}

export interface Group {
  readonly key: string;
  readonly sums: Sums;
  readonly cards: readonly PageCard[];
}

export function sumsOf(cards: readonly PageCard[]): Sums {
  const decided = { admit: 0, hold: 0, refuse: 0 };
  let [micro_usd, priced, lines, newest_ms, total_us, timed] = [0n, 0, 0, -Infinity, 0, 0];
  for (const { verdict, whole_micro_usd, added_lines, removed_lines, at_ms, total_us: took } of cards) {
    decided[verdict]++;
    lines += added_lines + removed_lines;
    if (at_ms !== null && at_ms > newest_ms) newest_ms = at_ms;
    if (whole_micro_usd !== null) [micro_usd, priced] = [micro_usd + whole_micro_usd, priced + 1];
    if (took !== null) [total_us, timed] = [total_us + took, timed + 1];
  }
  return { cards: cards.length, ...decided, micro_usd: priced === 0 ? null : micro_usd, priced, lines, newest_ms: newest_ms === -Infinity ? null : newest_ms, total_us: timed === 0 ? null : total_us };
}

const NO_RULE = "no rule stopped it";
const MORE_GROUPS = "all further groups";

/** A card stands under each rule that stopped it, so sums of rules are more than the sum of the cards. */
const KEYS = {
  actor: ({ actor }) => [`${actor.class}: ${actor.agent ?? actor.name}`],
  rule: ({ reasons }) => {
    const rules = [...new Set(reasons.filter(stops).map(({ rule }) => rule))];
    return rules.length === 0 ? [NO_RULE] : rules;
  },
  repository: ({ repository }) => [repository],
} as const satisfies Readonly<Record<string, (card: PageCard) => readonly string[]>>;

export type GroupKey = keyof typeof KEYS;
export const GROUP_KEYS = Object.keys(KEYS) as readonly GroupKey[];

/** What groups are put in order by: the sum of what their cards are, else how many they are. */
function weight({ sums }: Group, key: SortKey): number | bigint | null {
  if (key === "age") return sums.newest_ms;
  if (key === "cost") return sums.micro_usd;
  if (key === "time") return sums.total_us;
  if (key === "decision") return sums.refuse;
  return key === "lines" ? sums.lines : sums.cards;
}

function inOrder(groups: Group[], key: SortKey, direction: Direction): Group[] {
  const turn = direction === "down" ? -1 : 1;
  return groups.sort((a, b) => {
    const [x, y] = [weight(a, key), weight(b, key)];
    if (x === null || y === null) return x === y ? (a.key < b.key ? -1 : 1) : x === null ? 1 : -1;
    return x === y ? (a.key < b.key ? -1 : 1) : turn * (x < y ? -1 : 1);
  });
}

/** Inside a group the cards keep the order they are handed in. */
export function grouped(cards: readonly PageCard[], by: GroupKey, key: SortKey, direction: Direction): Group[] {
  const gathered = new Map<string, PageCard[]>();
  for (const card of cards) {
    for (const name of KEYS[by](card)) {
      const group = gathered.get(name);
      if (group === undefined) gathered.set(name, [card]);
      else group.push(card);
    }
  }
  const groups = inOrder([...gathered].map(([name, held]) => ({ key: name, sums: sumsOf(held), cards: held })), key, direction);
  if (groups.length <= CARDS_LIMITS.groups_max) return groups;
  const rest = [...new Set(groups.slice(CARDS_LIMITS.groups_max - 1).flatMap((group) => group.cards))];
  return [...groups.slice(0, CARDS_LIMITS.groups_max - 1), { key: MORE_GROUPS, sums: sumsOf(rest), cards: rest }];
}
