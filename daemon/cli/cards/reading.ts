/** Rows of decided gates as the daemon lists them, page by page, and which of them somebody asked for. */
import { CARD_ROWS_MAX, type CardRow, NEWEST_CARDS } from "../../../proto/cards.ts";
import type { MaestroClient } from "../../client/maestro.ts";

export interface Wanted {
  /** Decided at or after this second; null: whenever. */
  readonly from_s: number | null;
  readonly verdict: CardRow["verdict"] | null;
  readonly actor: CardRow["actor"]["class"] | null;
  readonly repository: string | null;
  /** A rule that refused, held, or would have. */
  readonly rule: string | null;
}

export const SORTS = ["newest", "cost", "time", "lines"] as const;
export type Sort = (typeof SORTS)[number];

export interface Found {
  readonly rows: readonly CardRow[];
  /** How many were looked at in that time. */
  readonly looked: number;
}

const speaks = ({ rule, effect }: CardRow["reasons"][number], wanted: string): boolean => rule === wanted && effect !== "note";

export function fits(row: CardRow, { verdict, actor, repository, rule }: Wanted): boolean {
  return (verdict === null || row.verdict === verdict) && (actor === null || row.actor.class === actor) && (repository === null || row.repository === repository) && (rule === null || row.reasons.some((reason) => speaks(reason, rule)));
}

/** Null: not known, which stands behind whatever is. */
function measure(row: CardRow, sort: Exclude<Sort, "newest">): bigint | null {
  if (sort === "lines") return BigInt(row.added_lines + row.removed_lines);
  if (sort === "time") return BigInt(row.total_us);
  return row.cost.whole_micro_usd === null ? null : BigInt(row.cost.whole_micro_usd);
}

/** Most first; of equals the newer one, and what is not known last. */
export function sorted(rows: readonly CardRow[], sort: Sort): CardRow[] {
  if (sort === "newest") return [...rows];
  const keyed = rows.map((row) => ({ row, by: measure(row, sort) }));
  return keyed.toSorted((a, b) => (a.by === b.by ? b.row.place - a.row.place : a.by === null ? 1 : b.by === null ? -1 : a.by > b.by ? -1 : 1)).map(({ row }) => row);
}

const secondOf = (timestamp: string): number => Date.parse(timestamp) / 1000;

/** Newest first. A page is asked for when the one before it is used up, and none where that one reached back far enough, whoever's gates it went past. */
async function* cardRows(client: Pick<MaestroClient, "cards">, from_s: number): AsyncGenerator<CardRow, void> {
  for (let before: number | typeof NEWEST_CARDS = NEWEST_CARDS; ; ) {
    const { rows, next, reached } = await client.cards(before);
    yield* rows;
    if (next === null || (reached !== undefined && secondOf(reached) < from_s)) return;
    before = next;
  }
}

/** Reads no further than the time that was asked for: places are in the order of the log's time, and that never goes back. */
export async function found(client: Pick<MaestroClient, "cards">, wanted: Wanted, heard: (looked: number) => void = () => undefined): Promise<Found> {
  const rows: CardRow[] = [];
  let looked = 0;
  const from_s = wanted.from_s ?? Number.NEGATIVE_INFINITY;
  for await (const row of cardRows(client, from_s)) {
    if (secondOf(row.at) < from_s) break;
    looked += 1;
    if (looked % CARD_ROWS_MAX === 0) heard(looked);
    if (fits(row, wanted)) rows.push(row);
  }
  return { rows, looked };
}
