/** What can still be read of a damaged database, record by record: each carries its own hash, so what comes over is what was written. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { open, type Key as LmdbKey } from "lmdb";
import { storeFailure } from "./failure.ts";
import { LMDB_OPTIONS } from "./options.ts";
import { isKey, openRecord, type Key } from "./record.ts";

export interface SalvagedTable {
  readonly table: string;
  readonly kept: number;
  readonly refused: number;
  /** Why the table could not be read to its end; `null` where it was. */
  readonly stopped: string | null;
}

const BATCH_RECORDS = 1_000;
const UNNAMED = "without a name";

function entriesOf(database: { getStats(): object }): number {
  const count: unknown = Reflect.get(database.getStats(), "entryCount");
  return typeof count === "number" ? count : 0;
}

/**
 * Copies every sound record of `from` into `to`. A damaged page may take the process down, so this runs in a child, which says before
 * each table that it starts on it; the parent leaves that table out (`skip`) the next time. Throws `store.corrupt` where nothing can be opened.
 */
export async function salvage(from: string, to: string, skip: readonly string[], said: (line: { readonly start: string } | SalvagedTable) => void): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const target = open<Buffer, string>({ path: to, ...LMDB_OPTIONS });
  try {
    const source = open<Buffer, string>({ path: from, ...LMDB_OPTIONS, readOnly: true });
    const tables = [...source.getKeys()].map(String).filter((name) => name !== "");
    // On a page that is zeros in part names are gone, and nobody is told; how many there are stands elsewhere.
    const unnamed = entriesOf(source) - tables.length;
    if (unnamed > 0 && !skip.includes(UNNAMED)) said({ table: UNNAMED, kept: 0, refused: unnamed, stopped: null });
    for (const table of tables.filter((name) => !skip.includes(name))) {
      said({ start: table });
      const rows = source.openDB<Buffer, LmdbKey>({ name: table, encoding: "binary" });
      said(copyTable(table, { entries: entriesOf(rows), rows: rows.getRange({}) }, (batch) => {
        const into = target.openDB<Buffer, LmdbKey>({ name: table, encoding: "binary" });
        target.transactionSync(() => batch.forEach(([key, value]) => void into.putSync(typeof key === "object" ? [...key] : key, value)));
      }));
    }
    await source.close();
  } catch (error) {
    throw storeFailure(error, `read ${join(from, "data.mdb")}`);
  } finally {
    await target.flushed;
    await target.close();
  }
}

interface Rows {
  /** How many LMDB says there are. */
  readonly entries: number;
  readonly rows: Iterable<{ key: unknown; value: Buffer }>;
}

function copyTable(table: string, { entries, rows }: Rows, write: (batch: readonly (readonly [Key, Buffer])[]) => void): SalvagedTable {
  let batch: (readonly [Key, Buffer])[] = [];
  let [kept, refused] = [0, 0];
  let stopped: string | null = null;
  try {
    for (const { key, value } of rows) {
      if (!isKey(key) || openRecord(table, key, value) === null) {
        refused += 1;
        continue;
      }
      batch.push([key, Buffer.from(value)]);
      kept += 1;
      if (batch.length < BATCH_RECORDS) continue;
      write(batch);
      batch = [];
    }
  } catch (error) {
    stopped = storeFailure(error, "read").detail;
  }
  write(batch);
  // Those that a page without its end no longer names are lost like those that do not hash to what they say.
  return { table, kept, refused: Math.max(refused, stopped === null ? entries - kept : refused), stopped };
}
