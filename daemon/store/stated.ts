/** What a tree of LMDB says of itself, which `getStats` tells and its type does not. */
import type { Database, Key as LmdbKey } from "lmdb";
import { MaestroError } from "../../proto/errors.ts";

/** How many entries it says it has (`md_entries`); `getCount` walks all of them instead: 0.2 ms for 10,000 (measured). */
export function entriesStated(tree: Pick<Database<Buffer, LmdbKey>, "getStats">): number {
  const stats: unknown = tree.getStats();
  const stated: unknown = typeof stats === "object" && stats !== null ? Reflect.get(stats, "entryCount") : undefined;
  if (typeof stated !== "number") throw new MaestroError("internal.bug", "LMDB does not say how many records a table has");
  return stated;
}
