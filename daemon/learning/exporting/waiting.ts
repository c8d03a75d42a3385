/** Which hours have changed since their file was written: in the database, so that a crash forgets none. */
import type { Static } from "@sinclair/typebox";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import { HOUR_MS, hourStart } from "./hours.ts";

/** The first change that is in no file yet. */
const WaitingRow = Closed({ since_ms: Count });
type WaitingRow = Static<typeof WaitingRow>;

/** Router, and the hour's first millisecond. */
export type HourKey = readonly [string, number];

export interface WaitingHours {
  /** In the transaction that wrote an episode, its outcome or its removal. */
  touched(router: string, at_ms: number, now_ms: number): void;
  /** Those that are over, in the order of their routers. */
  due(now_ms: number): HourKey[];
  /** Calls `work`, and takes the hour from the list unless it changed meanwhile. */
  settle<T>(key: HourKey, work: () => Promise<T>): Promise<T>;
}

const same = (a: HourKey, b: HourKey): boolean => a[0] === b[0] && a[1] === b[1];

export function openWaitingHours(store: Pick<Store, "table" | "atomic">): WaitingHours {
  const rows = store.table<HourKey, typeof WaitingRow>("episodes.hours", WaitingRow);
  let settling: { readonly key: HourKey; changed: boolean } | null = null;
  return {
    touched(router, at_ms, now_ms) {
      const key: HourKey = [router, hourStart(at_ms)];
      if (settling !== null && same(settling.key, key)) settling.changed = true;
      const row: WaitingRow | undefined = rows.get(key);
      if (row === undefined) rows.put(key, { since_ms: now_ms });
    },
    due: (now_ms) => [...rows.entries()].map(({ key }) => key).filter(([, start_ms]) => start_ms + HOUR_MS <= now_ms),
    async settle(key, work) {
      const current = { key, changed: false };
      settling = current;
      try {
        const done = await work();
        if (!current.changed) store.atomic(() => rows.remove(key));
        return done;
      } finally {
        settling = null;
      }
    },
  };
}
