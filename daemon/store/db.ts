/** The node's state in LMDB: atomic writes, durable when told so, nothing read that was not written. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Static, TSchema } from "@sinclair/typebox";
import { open, type Key as LmdbKey, type RootDatabase } from "lmdb";
import type { StoreLimits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { STORE_SCHEMA_VERSION } from "../../proto/state-version.ts";
import { storeFailure } from "./failure.ts";
import { type Marking, openMarking, requireNewest } from "./mark.ts";
import { LMDB_OPTIONS } from "./options.ts";
import type { Key } from "./record.ts";
import { openScanner, type Scanner } from "./scan.ts";
import { checkSchema, type SchemaRecord } from "./schema.ts";
import { requireWritable } from "./room.ts";
import { syncPathNow } from "../platform/sync.ts";
import { createTable, type Table } from "./table.ts";
import { transactionsOf } from "./transactions.ts";
import type { Look, WriteGuard } from "./write-guard.ts";

export interface StoreDeps {
  /** Folder of the state; LMDB lives in `db` under it. */
  readonly state_dir: string;
  readonly limits: StoreLimits;
  /** Called once, when state on disk may differ from state in memory: the process must end at once and reopen it. */
  readonly fatal: (reason: MaestroError) => void;
  /** Asked before each write; absent in an upgrade and in tests of what it would refuse. */
  readonly guard?: WriteGuard | undefined;
  /** Only an upgrade and a test of another version's folder give these. */
  readonly schema_version?: number;
  readonly folder?: string;
}

export interface Store {
  /** The one owner of a table asks for it once. */
  table<K extends Key, S extends TSchema>(name: string, schema: S): Table<K, Static<S>>;
  /**
   * Runs synchronous `work` in one transaction: all of it is kept, or nothing
   * when it throws. On return the pages are on disk; nested calls are child
   * transactions. Throws `store.no_space` and `store.read_only` before anything
   * is written, and after `fatal` the reason of it.
   */
  atomic<T>(work: () => T): T;
  /** The same for work after which bytes go from the disk: it is let in where others are refused, as long as a quarter of `free_bytes_min` is free. */
  freeing<T>(work: () => T): T;
  /** Does it once the open transaction is kept, and never where that goes back; at once where none is open. It throws nothing. */
  kept(work: () => void): void;
  /** Throws `store.no_space` or `store.read_only`, for whoever is about to work for a result that could not be kept. */
  requireWritable(): void;
  /** Resolves when everything written so far is on disk; `fatal` after `commit_deadline_ms`. */
  durable(): Promise<void>;
  /** Every record of every table as bytes, for whoever checks them all. */
  readonly scanner: Scanner;
  /** Writes one consistent, compacted copy of the database into `folder`, which must be there; others go on reading and writing. */
  copyTo(folder: string): Promise<void>;
  /** For the upgrade alone. */
  schema(): SchemaRecord;
  close(): Promise<void>;
}

/** Settles with `flushed`, or calls `fatal` and rejects with `store.commit` after `deadline_ms`. */
export async function watchCommit(flushed: PromiseLike<unknown>, deadline_ms: number, fatal: (reason: MaestroError) => unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = new MaestroError("store.commit", `no answer from the disk within ${deadline_ms} ms`);
      fatal(reason);
      reject(reason);
    }, deadline_ms);
  });
  try {
    await Promise.race([flushed, late]);
  } catch (error) {
    const failure = storeFailure(error, "flush");
    // What a failed flush left on the disk is unknown, and a second flush would not tell: never retry fsync.
    if (failure !== error) fatal(failure);
    throw failure;
  } finally {
    clearTimeout(timer);
  }
}

/** A transaction that removes a batch of records writes some hundred pages anew, far less than this leaves of 16 MiB. */
const FREEING_PART = 4;

function openDatabase(folder: string): RootDatabase<Buffer, string> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return open<Buffer, string>({ path: folder, ...LMDB_OPTIONS });
  } catch (error) {
    throw storeFailure(error, `open ${folder}`);
  }
}

/** The failure itself, once what it left is marked. */
function failedCommit(marking: Marking | null, failure: MaestroError): MaestroError {
  try {
    marking?.failed();
    return failure;
  } catch (again) {
    return new MaestroError(failure.code, `${failure.detail}, nor could that be marked: ${String(again)}`, { cause: failure });
  }
}

/** The table itself, which guards of others may read from now on. */
function readable<K extends Key, V>(readers: Map<string, (key: Key) => unknown>, table: Table<K, V>): Table<K, V> {
  // A guard reads under keys of that table's own kind; any other finds nothing.
  readers.set(table.name, (key) => table.get(key as K));
  return table;
}

function lookIn(readers: ReadonlyMap<string, (key: Key) => unknown>): Look {
  return (name, key) => {
    const get = readers.get(name);
    if (get === undefined) throw new MaestroError("internal.bug", `a guard asks for the table ${name}, which nobody opened`);
    return get(key);
  };
}

/** Throws `store.schema`, `store.corrupt` or `store.no_space`; the caller holds the state folder's lock. */
export function openStore(deps: StoreDeps): Store {
  const folder = join(deps.state_dir, deps.folder ?? "db");
  // A database that is half made aborts LMDB (an assertion of mdb_page_touch, seen with 3.5.6), so a new one gets its name when it is whole.
  const fresh = existsSync(folder) ? null : `${folder}.first`;
  if (fresh === null) requireNewest(folder);
  else rmSync(fresh, { recursive: true, force: true });
  const root = openDatabase(fresh ?? folder);
  const names = new Set<string>();
  let broken: MaestroError | null = null;
  const fatal = (reason: MaestroError): void => {
    if (broken === null) deps.fatal(reason);
    broken ??= reason;
  };
  const begins = (free_bytes_min: number) => (): void => {
    if (broken !== null) throw broken;
    requireWritable(deps.state_dir, free_bytes_min);
  };
  const { free_bytes_min } = deps.limits;
  let marking: Marking | null = null;
  const failed = (error: unknown, during: string): MaestroError => failedCommit(marking, storeFailure(error, during));
  const { writing, ...transactions } = transactionsOf({ root, begin: begins(free_bytes_min), beginFreeing: begins(free_bytes_min / FREEING_PART), committed: () => marking?.set(), failed, fatal });
  const readers = new Map<string, (key: Key) => unknown>();
  const look = lookIn(readers);

  const store: Store = {
    table<K extends Key, S extends TSchema>(name: string, schema: S): Table<K, Static<S>> {
      if (names.has(name)) throw new MaestroError("internal.bug", `table ${name} has an owner already`);
      names.add(name);
      const host = { value_bytes_max: deps.limits.value_bytes_max, writing, guard: deps.guard?.table(name) ?? null, look };
      try {
        return readable(readers, createTable<K, S>(name, schema, root.openDB<Buffer, LmdbKey>({ name, encoding: "binary" }), host));
      } catch (error) {
        throw failed(error, `make the table ${name}`);
      }
    },
    ...transactions,
    requireWritable: () => requireWritable(deps.state_dir, free_bytes_min),
    durable: () => watchCommit(root.flushed, deps.limits.commit_deadline_ms, fatal),
    scanner: openScanner(root),
    async copyTo(target) {
      try {
        await root.backup(target, true);
      } catch (error) {
        throw storeFailure(error, `copy to ${target}`);
      }
    },
    schema: () => schema,
    async close() {
      await store.durable();
      await root.close();
      marking?.close();
      marking = null;
    },
  };
  let schema: SchemaRecord;
  try {
    schema = checkSchema(store, fresh ?? folder, deps.schema_version ?? STORE_SCHEMA_VERSION);
    marking = openMarking(fresh ?? folder);
    if (fresh !== null) {
      syncPathNow(fresh);
      renameSync(fresh, folder);
      syncPathNow(deps.state_dir);
    }
  } catch (error) {
    void root.close();
    throw storeFailure(error, `open ${folder}`);
  }
  return store;
}
