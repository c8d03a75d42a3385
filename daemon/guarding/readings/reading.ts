/** What the guards of tables are told: fields of the record that is written, and what its surroundings say of it. */
import type { TableEvents } from "../writes.ts";
import type { Fields } from "../guards.ts";
import type { Look } from "../../store/write-guard.ts";

export type Part = string | number | undefined;

/** `of` a record as its table's schema has it; `around` asks other tables, as the open transaction sees them. */
export function table<V>(name: string, of: (row: V, key: readonly Part[]) => Fields, around?: (row: V, key: readonly Part[], look: Look) => Fields): TableEvents {
  return { name, fields: (row, key, look) => ({ ...of(row as V, key), ...(around === undefined ? {} : around(row as V, key, look)) }) };
}

/** Seconds of a timestamp that its schema has seen. */
export const seconds = (timestamp: string): number => Math.floor(Date.parse(timestamp) / 1000);

interface LogHead {
  readonly size: number;
  readonly time_s: number;
}

/** The log's head; an empty one where there is none, as before the first and after the end of a log. */
export const logHead = (look: Look): LogHead => (look("log.head", "head") as LogHead | undefined) ?? { size: 0, time_s: 0 };

/** Whether a tombstone says that the evidence of that name went. */
export const buried = (look: Look, name: string): boolean => look("tombstones", [name, "evidence"]) !== undefined;

/** The lowest number that is free under a name. */
export const free = (look: Look, name: string): number => (look("floors", name) as { readonly next: number } | undefined)?.next ?? 0;
