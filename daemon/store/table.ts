import type { Static, TSchema } from "@sinclair/typebox";
import type { Database, Key as LmdbKey } from "lmdb";
import { MaestroError } from "../../proto/errors.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { storeFailure } from "./failure.ts";
import { isKey, openRecord, sealRecord, valueBytes, type Key } from "./record.ts";
import { entriesStated } from "./stated.ts";
import type { Look, TableGuard } from "./write-guard.ts";

/** Stands in a key after every text: the end of all keys that begin as the parts before it. Names, digests and users of ours hold no U+FFFF. */
export const LAST_TEXT = "\uffff";

export interface KeyRange<K extends Key> {
  /** First key, inclusive. */
  readonly start?: K;
  /** Last key, exclusive. */
  readonly end?: K;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Entry<K extends Key, V> {
  readonly key: K;
  readonly value: V;
}

/** A typed, ordered map. Reads check hash and schema; writes happen inside `Store.atomic` alone. */
export interface Table<K extends Key, V> {
  readonly name: string;
  /** Throws `store.corrupt` where the stored bytes are not what was written under this key. */
  get(key: K): V | undefined;
  /** Throws `internal.bug` outside `atomic`, over `value_bytes_max`, or where the value does not fit the schema; `invariant.violated` where a guard refuses it. */
  put(key: K, value: V): void;
  remove(key: K): boolean;
  entries(range?: KeyRange<K>): Generator<Entry<K, V>, void, undefined>;
  /** Whatever lies under them, so for whoever removes; one that is no key at all is left out. Throws `store.corrupt` for the tree alone. */
  keys(range?: KeyRange<K>): Generator<K, void, undefined>;
  /** Each of them is seen, as the open transaction sees it. */
  count(): number;
  /** How many its tree says there are, at a cost that does not grow; a damaged tree may say anything, so nothing is found sound by it. */
  stated(): number;
}

export interface TableHost {
  readonly value_bytes_max: number;
  /** Whether a transaction is open. */
  writing(): boolean;
  /** Asked before each write; `null` for a table of which nothing is guarded. */
  readonly guard: TableGuard | null;
  readonly look: Look;
}

function describe(key: unknown): string {
  return JSON.stringify(key) ?? String(key);
}

const lmdbKey = (key: Key): LmdbKey => (typeof key === "object" ? [...key] : key);

const lmdbRange = <K extends Key>({ start, end, ...rest }: KeyRange<K>) => ({ ...rest, ...(start === undefined ? {} : { start: lmdbKey(start) }), ...(end === undefined ? {} : { end: lmdbKey(end) }) });

type Reading = <T>(key: unknown, work: () => T) => T;

function* stepsOf<T>(reading: Reading, range: () => Iterable<T>): Generator<T, void, undefined> {
  const rows = reading("range", () => range()[Symbol.iterator]());
  try {
    for (;;) {
      const step = reading("range", () => rows.next());
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    rows.return?.();
  }
}

function* entriesOf<K extends Key, V>(database: Database<Buffer, LmdbKey>, range: KeyRange<K>, reading: Reading, read: (key: K, stored: Uint8Array) => V): Generator<Entry<K, V>, void, undefined> {
  for (const row of stepsOf(reading, () => database.getRange(lmdbRange(range)))) {
    // A key of another type cannot hash to the record's hash.
    const key = row.key as K;
    yield { key, value: reading(key, () => read(key, row.value)) };
  }
}

function* keysOf<K extends Key>(database: Database<Buffer, LmdbKey>, range: KeyRange<K>, reading: Reading): Generator<K, void, undefined> {
  for (const key of stepsOf(reading, () => database.getKeys(lmdbRange(range)))) if (isKey(key)) yield key as K;
}

export function createTable<K extends Key, S extends TSchema>(
  name: string,
  schema: S,
  database: Database<Buffer, LmdbKey>,
  host: TableHost,
): Table<K, Static<S>> {
  const checker = lazyCheck(schema);
  const corrupt = (key: unknown, what: string) => new MaestroError("store.corrupt", `table ${name}, key ${describe(key)}: ${what}`);
  const bug = (key: unknown, what: string) => new MaestroError("internal.bug", `table ${name}, key ${describe(key)}: ${what}`);
  const { guard, look } = host;

  function read(key: K, stored: Uint8Array): Static<S> {
    const record = openRecord(name, key, stored);
    if (record === null) throw corrupt(key, "the record's hash does not match");
    if (!checker().Check(record.value)) throw corrupt(key, `not what the schema says: ${checker().Errors(record.value).First()?.path ?? "?"}`);
    return record.value;
  }

  /** LMDB calls on a damaged page throw whatever they stumble over; all of it means the same. */
  function reading<T>(key: unknown, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof MaestroError && error.code === "store.corrupt") throw error;
      throw corrupt(key, `unreadable: ${storeFailure(error, "read").detail}`);
    }
  }

  function writing<T>(key: K, work: () => T): T {
    if (!host.writing()) throw bug(key, "written outside atomic()");
    try {
      return work();
    } catch (error) {
      throw storeFailure(error, `table ${name}`);
    }
  }

  const get = (key: K): Static<S> | undefined =>
    reading(key, () => {
      const stored = database.get(lmdbKey(key));
      return stored === undefined ? undefined : read(key, stored);
    });

  return {
    name,
    get,
    put(key, value) {
      if (!checker().Check(value)) throw bug(key, `not what the schema says: ${checker().Errors(value).First()?.path ?? "?"}`);
      const sealed = sealRecord(name, key, value);
      if (valueBytes(sealed) > host.value_bytes_max) throw bug(key, `${valueBytes(sealed)} bytes, limit ${host.value_bytes_max}: store it as a blob`);
      writing(key, () => {
        guard?.({ key, before: get(key), after: value }, look);
        database.putSync(lmdbKey(key), Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength));
      });
    },
    remove: (key) =>
      writing(key, () => {
        const before = guard === null ? undefined : get(key);
        if (before !== undefined) guard?.({ key, before, after: undefined }, look);
        return database.removeSync(lmdbKey(key));
      }),
    entries: (range = {}) => entriesOf(database, range, reading, read),
    keys: (range = {}) => keysOf(database, range, reading),
    count: () => reading("count", () => database.getCount()),
    stated: () => reading("count", () => entriesStated(database)),
  };
}
