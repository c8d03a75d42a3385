/** Who is asked before a record is written or goes. The store knows no rule: whoever opens it hands the guard in. */
import type { Key } from "./record.ts";

/** One record as it stands and as it will; `undefined` for none. */
export interface Write {
  readonly key: Key;
  readonly before: unknown;
  readonly after: unknown;
}

/** The record under a key of any table, as the open transaction sees it; `undefined` where there is none. Throws `store.corrupt`, and `internal.bug` for a table nobody opened. */
export type Look = (table: string, key: Key) => unknown;

/** Throws `invariant.violated`; the transaction then goes back. */
export type TableGuard = (write: Write, look: Look) => void;

export interface WriteGuard {
  /** Asked once for each table; `null` where nothing about its records is guarded, which then costs nothing. */
  table(name: string): TableGuard | null;
}
