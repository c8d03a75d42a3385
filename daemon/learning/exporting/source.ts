/** What exporting reads of what was decided. */
import type { Episode } from "../../../proto/episode.ts";
import type { Declared } from "./columns.ts";

export interface Wanted {
  /** Null for every one. */
  readonly router: string | null;
  /** Half-open. */
  readonly from_ms: number;
  readonly to_ms: number;
  /** Of one tenant or user; null for everybody's. */
  readonly sees: string | null;
}

export interface EpisodeSource {
  /** In the order of time, some or none at a time: between two the database may change, no cursor is held, and whoever reads lets others run. */
  pages(wanted: Wanted): Generator<readonly Episode[], void, undefined>;
  /** The one rule of the node. */
  learnable(episode: Episode): boolean;
  /** The fields that get columns of their own; none of a router that nobody configures any more. */
  declared(router: string): Declared;
}
