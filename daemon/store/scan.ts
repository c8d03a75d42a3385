/** Reading a table as bytes, whoever owns it: for the scrubber, which knows no schema. */
import type { Database, Key as LmdbKey, RootDatabase } from "lmdb";
import { storeFailure } from "./failure.ts";
import { isKey, type Key, openRecord } from "./record.ts";
import { entriesStated } from "./stated.ts";

export interface DamagedRecord {
  /** The key as JSON, or what could be read of it. */
  readonly key: string;
  readonly what: string;
}

/** Some records of one table, in key order. */
export interface ScanSlice {
  readonly records: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedRecord[];
  /** Where the next slice starts behind; `undefined` where the table is at its end, or cannot be read further. */
  readonly next: Key | undefined;
}

export interface Scanner {
  /** Names of all tables on disk. Throws `store.corrupt`. */
  tables(): string[];
  /** Reads up to `limit` records behind `after`, and each once more by its key: a damaged branch page hides records from one way only. */
  slice(table: string, after: Key | undefined, limit: number): ScanSlice;
  /**
   * What is wrong with the list of tables itself; null: as many can be reached as there are said to be, in order, and each by its
   * name. Whoever opens a table that is not found by its name is given an empty one. Throws `store.corrupt`.
   */
  listed(): string | null;
  /** How many records the table itself says it has: what a damaged page hides is missing among those that can be reached. Throws `store.corrupt`. */
  count(table: string): number;
  /** Changes with every commit: counts of one walk can be compared only while it stands still. */
  transaction(): number;
}

const shown = (key: unknown): string => (isKey(key) ? JSON.stringify(key) : `an unreadable key (${typeof key})`);

function checkOne(name: string, table: Database<Buffer, LmdbKey>, key: unknown, value: Uint8Array): string | null {
  if (!isKey(key)) return "its key is none of ours";
  if (openRecord(name, key, value) === null) return "the record's hash does not match";
  const again = table.get(typeof key === "object" ? [...key] : key);
  return again !== undefined && Buffer.compare(again, value) === 0 ? null : "it is not found under its own key";
}

function faultOf(root: RootDatabase<Buffer, string>): string | null {
  const names = [...root.getKeys()].map(String);
  const stated = entriesStated(root);
  if (names.length !== stated) return `${names.length} tables can be reached, the database says ${stated}`;
  for (const [i, name] of names.entries()) {
    const before = names[i - 1];
    if (before !== undefined && Buffer.compare(Buffer.from(before), Buffer.from(name)) >= 0) return `table ${name} stands behind ${before}`;
    const [found] = root.getKeys({ start: name, limit: 1 });
    if (found !== name) return `table ${name} is not found by its name`;
  }
  return null;
}

export function openScanner(root: RootDatabase<Buffer, string>): Scanner {
  const handles = new Map<string, Database<Buffer, LmdbKey>>();
  const handle = (name: string): Database<Buffer, LmdbKey> => {
    const known = handles.get(name) ?? root.openDB<Buffer, LmdbKey>({ name, encoding: "binary" });
    handles.set(name, known);
    return known;
  };

  return {
    tables() {
      try {
        return [...root.getKeys()].map(String);
      } catch (error) {
        throw storeFailure(error, "list the tables");
      }
    },
    listed() {
      try {
        return faultOf(root);
      } catch (error) {
        throw storeFailure(error, "list the tables");
      }
    },
    slice(name, after, limit) {
      const damaged: DamagedRecord[] = [];
      let records = 0;
      let bytes = 0;
      let last: Key | undefined;
      try {
        const table = handle(name);
        const start = after === undefined ? {} : { start: typeof after === "object" ? [...after] : after, exclusiveStart: true };
        for (const { key, value } of table.getRange({ ...start, limit })) {
          records += 1;
          bytes += value.length;
          const what = checkOne(name, table, key, value);
          if (what !== null) damaged.push({ key: shown(key), what });
          if (!isKey(key)) return { records, bytes, damaged, next: undefined };
          last = key;
        }
      } catch (error) {
        damaged.push({ key: last === undefined ? "the table" : `behind ${shown(last)}`, what: storeFailure(error, "read").detail });
        return { records, bytes, damaged, next: undefined };
      }
      return { records, bytes, damaged, next: records === limit ? last : undefined };
    },
    count(name) {
      try {
        return entriesStated(handle(name));
      } catch (error) {
        throw storeFailure(error, `count ${name}`);
      }
    },
    transaction: () => lastTransaction(root),
  };
}

/** `getStats` says it but its type does not. */
function lastTransaction(root: RootDatabase<Buffer, string>): number {
  const stats: unknown = root.getStats();
  const id = typeof stats === "object" && stats !== null ? Reflect.get(stats, "lastTxnId") : undefined;
  return typeof id === "number" ? id : Number.NaN;
}
