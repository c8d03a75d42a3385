/** How the list is looked at: search, filters, order, groups and the card that is open. It stands in the address, so that a reload and a link keep it. Pure. */
import { GROUP_KEYS, type GroupKey } from "./group.ts";
import { CARDS_LIMITS } from "./limits.ts";
import { ACTORS, VERDICTS, type PageCard } from "./model.ts";
import { SORT_KEYS, type Direction, type SortKey } from "./order.ts";
import { matches, narrower, parseQuery } from "./query.ts";

const DAY_MS = 86_400_000;
export const SPANS = { "24h": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS, "90d": 90 * DAY_MS } as const;
export type Span = keyof typeof SPANS;

export interface View {
  readonly query: string;
  readonly verdict: (typeof VERDICTS)[number] | null;
  readonly actor: (typeof ACTORS)[number] | null;
  readonly repository: string | null;
  readonly rule: string | null;
  readonly since: Span | null;
  readonly sort: SortKey;
  readonly direction: Direction;
  readonly group: GroupKey | null;
  /** Groups that are unfolded. */
  readonly unfolded: readonly string[];
  /** The card that is open. */
  readonly open: string | null;
  /** Two cards beside each other, which stand over the one that is open; else none. */
  readonly compared: readonly string[];
}

export const PLAIN: View = { query: "", verdict: null, actor: null, repository: null, rule: null, since: null, sort: "age", direction: "down", group: null, unfolded: [], open: null, compared: [] };

/** Cards that the view leaves, in the order they came. `now_ms` is what a span of time ends at; of a card without a time nobody knows. */
export function narrowed(cards: readonly PageCard[], view: View, now_ms: number): PageCard[] {
  const terms = parseQuery(view.query);
  const from_ms = view.since === null ? null : now_ms - SPANS[view.since];
  const { verdict, actor, repository, rule } = view;
  return cards.filter(
    (card) =>
      (verdict === null || card.verdict === verdict) &&
      (actor === null || card.actor.class === actor) &&
      (repository === null || card.repository === repository) &&
      (from_ms === null || (card.at_ms !== null && card.at_ms >= from_ms)) &&
      (rule === null || card.reasons.some((reason) => reason.rule === rule)) &&
      matches(card, terms),
  );
}

/** Whether `next` leaves no card that `before` did not, at the same moment. */
export function narrows(next: View, before: View): boolean {
  const same = (["verdict", "actor", "repository", "rule", "since"] as const).every((name) => next[name] === before[name]);
  return same && narrower(parseQuery(next.query), parseQuery(before.query));
}

const oneOf = <T extends string>(values: readonly T[], text: string | null): T | null => values.find((value) => value === text) ?? null;
const UNFOLDED_MAX = 20;
const twoOf = (keys: readonly string[]): readonly string[] => (keys.length === 2 && keys[0] !== keys[1] ? keys.map((key) => key.slice(0, CARDS_LIMITS.query_chars_max)) : []);

/** `#?q=...`: never mistaken for the one-time token of a link, which has no question mark. */
export function toFragment(view: View): string {
  const { query, verdict, actor, repository, rule, since, sort, direction, group, unfolded, open, compared } = view;
  const pairs: readonly (readonly [string, string | null])[] = [["q", query === "" ? null : query], ["verdict", verdict], ["actor", actor], ["repo", repository], ["rule", rule], ["since", since], ["sort", sort === PLAIN.sort ? null : sort], ["order", direction === "up" ? "up" : null], ["group", group], ["card", open]];
  const params = new URLSearchParams();
  for (const [name, value] of pairs) if (value !== null) params.append(name, value.toWellFormed());
  for (const name of unfolded.slice(0, UNFOLDED_MAX)) params.append("unfolded", name.toWellFormed());
  for (const key of compared) params.append("compare", key.toWellFormed());
  const text = params.toString();
  return text === "" ? "" : `#?${text}`;
}

/** Whatever else an address holds is the plain view. */
export function fromFragment(fragment: string): View {
  if (!fragment.startsWith("#?")) return PLAIN;
  const params = new URLSearchParams(fragment.slice(2));
  const text = (name: string): string | null => params.get(name)?.slice(0, CARDS_LIMITS.query_chars_max) || null;
  return {
    query: text("q") ?? "",
    verdict: oneOf(VERDICTS, text("verdict")),
    actor: oneOf(ACTORS, text("actor")),
    repository: text("repo"),
    rule: text("rule"),
    since: oneOf(Object.keys(SPANS) as Span[], text("since")),
    sort: oneOf(SORT_KEYS, text("sort")) ?? PLAIN.sort,
    direction: text("order") === "up" ? "up" : "down",
    group: oneOf(GROUP_KEYS, text("group")),
    unfolded: params.getAll("unfolded").slice(0, UNFOLDED_MAX),
    open: text("card"),
    compared: twoOf(params.getAll("compare")),
  };
}
