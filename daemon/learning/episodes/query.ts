/** Which episodes somebody reads. */
import type { Episode, SplitFilter } from "../../../proto/episode.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { EpisodeKey, EpisodeRow } from "./table.ts";
import { letOthersRun } from "./turns.ts";

/** Whose episodes somebody may see: of one space, or null for every one. */
export type Sees = string | null;

export interface Query {
  readonly router: string | null;
  readonly split: SplitFilter;
  readonly sees: Sees;
  /** From this time on. */
  readonly from_ms?: number;
  /** Before this time. */
  readonly to_ms?: number;
  /** Behind this one. */
  readonly after?: EpisodeKey;
}

export interface Page {
  readonly episodes: readonly Episode[];
  /** The last that was looked at; null at the end. */
  readonly next: EpisodeKey | null;
}

export const wanted = ({ router, split, sees }: Query, row: EpisodeRow): boolean => (router === null || row.router === router) && (split === "all" || row.split === split) && (sees === null || row.space === sees);

export function rangeOf({ from_ms = 0, to_ms, after }: Query): { readonly start: EpisodeKey; readonly end?: EpisodeKey } {
  const start: EpisodeKey = after === undefined ? [from_ms, 0] : [after[0], after[1] + 1];
  return to_ms === undefined ? { start } : { start, end: [to_ms, 0] };
}

export const PAGE_EPISODES = 100;
/** Of a reader that sees everything: a router's few are found in more than one page. */
const TURNS_MAX = 2;

/**
 * In as many turns as a page is worth, with requests served in between. Whoever sees its own alone gets no place of
 * another's to go on from, which would tell when and how much others decide: its page ends at one of its own, or with the log.
 * Throws `request.cancelled`.
 */
export async function pageOf(turn: (query: Query, episodes_max: number) => Page, query: Query, signal?: AbortSignal): Promise<Page> {
  const turns_max = query.sees === null ? TURNS_MAX : Number.POSITIVE_INFINITY;
  let { episodes, next } = turn(query, PAGE_EPISODES);
  for (let turns = 1; turns < turns_max && next !== null && episodes.length < PAGE_EPISODES; turns += 1) {
    await letOthersRun();
    if (signal?.aborted) throw new MaestroError("request.cancelled", "nobody waits for this page any more", { cause: signal.reason });
    const more = turn({ ...query, after: next }, PAGE_EPISODES - episodes.length);
    [episodes, next] = [[...episodes, ...more.episodes], more.next];
  }
  return { episodes, next };
}
