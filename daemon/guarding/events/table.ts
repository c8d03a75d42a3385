/** What of reported events outlives a restart: how far each source has counted, and whose rules had something to remember. */
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import { LAST_TEXT } from "../../store/table.ts";

const SourceRow = Closed({ seq: Count, at_s: Count });
const WatchedRow = Closed({ since_s: Count });

/** What a killed daemon was watching is said at each start for so long. */
const SAID_S = 7 * 86_400;

export interface Watched {
  readonly space: string;
  readonly invariant: string;
}

export interface EventTables {
  /** The last number of a source, or `null` for a new one. */
  last(space: string, source: string): number | null;
  /** Inside `Store.atomic`. Makes room among the sources of a space. */
  count(space: string, source: string, seq: number, now_s: number, sources_max: number): void;
  /** Inside `Store.atomic`. */
  watch(watched: Watched, now_s: number): void;
  unwatch(watched: Watched): void;
  all(): Watched[];
}

export function openEventTables(store: Pick<Store, "table" | "atomic">, now_s: number): EventTables {
  const sources = store.table<readonly [string, string], typeof SourceRow>("events.sources", SourceRow);
  const watched = store.table<readonly [string, string], typeof WatchedRow>("events.watched", WatchedRow);
  const old = [...watched.entries()].filter(({ value }) => value.since_s < now_s - SAID_S);
  if (old.length > 0) store.atomic(() => old.forEach(({ key }) => watched.remove(key)));
  return {
    last: (space, source) => sources.get([space, source])?.seq ?? null,
    count(space, source, seq, at_s, sources_max) {
      if (sources.get([space, source]) === undefined) {
        const known = [...sources.entries({ start: [space, ""], end: [space, LAST_TEXT] })];
        const oldest = known.length < sources_max ? undefined : known.reduce((least, one) => (one.value.at_s < least.value.at_s ? one : least));
        if (oldest !== undefined) sources.remove(oldest.key);
      }
      sources.put([space, source], { seq, at_s });
    },
    watch: ({ space, invariant }, since_s) => watched.put([space, invariant], { since_s }),
    unwatch: ({ space, invariant }) => void watched.remove([space, invariant]),
    all: () => [...watched.entries()].map(({ key: [space, invariant] }) => ({ space, invariant })),
  };
}

/** Nobody else's name: a tenant's has no colon, a user's is digits. */
export const OWN_SPACE = "daemon:own";
