/**
 * An older state folder becomes one of today by copy and rename: the old database stays whole until the new one is, and until a
 * daemon has started on it. A kill at any step leaves the one or the other.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { STORE_SCHEMA_VERSION } from "../../proto/state-version.ts";
import { openStore, type Store, type StoreDeps } from "./db.ts";
import { storeFailure } from "./failure.ts";
import { requireNewest } from "./mark.ts";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import { schemaOf, writeSchemaFile } from "./schema.ts";
import { syncPathNow } from "../platform/sync.ts";

export interface UpgradeDeps extends StoreDeps {
  /** Only a test gives these: other migrations, and a word before each step. */
  readonly migrations?: readonly Migration[];
  readonly step?: (name: string) => void;
}

export interface Upgraded {
  readonly from: number;
  readonly to: number;
}

const CURRENT = "db";
/** The copy that is being made new; complete once it has its schema file. */
const NEXT = "db.next";
/** The database as it was before, until a daemon has started on the new one. */
const OLD = "db.old";

/** A database that a repair has made whole, and that waits for its name; while it is made it has another one. */
export const REPAIRED = "db.repaired";

/** What a killed upgrade or repair left: between the two renames the new database waits for its name, before them it is thrown away. */
export function settle(state_dir: string): void {
  const [current, next, old, repaired] = [CURRENT, NEXT, OLD, REPAIRED].map((name) => join(state_dir, name)) as [string, string, string, string];
  if (!existsSync(current)) {
    const complete = existsSync(next) && schemaOf(next) !== null;
    if (complete) renameSync(next, current);
    else if (existsSync(repaired)) renameSync(repaired, current);
    else if (existsSync(old)) renameSync(old, current);
  }
  for (const left of [next, repaired]) rmSync(left, { recursive: true, force: true });
  syncPathNow(state_dir);
}

/** Every record of every table hashes, and no table has fewer than it says. Throws `store.corrupt`. */
function verifyAll(store: Store): void {
  for (const table of store.scanner.tables()) {
    let records = 0;
    let next: Parameters<typeof store.scanner.slice>[1];
    do {
      const slice = store.scanner.slice(table, next, 1000);
      const [first] = slice.damaged;
      if (first !== undefined) throw new MaestroError("store.corrupt", `table ${table}, key ${first.key}: ${first.what}`);
      records += slice.records;
      next = slice.next;
    } while (next !== undefined);
    if (records !== store.scanner.count(table)) throw new MaestroError("store.corrupt", `table ${table} holds ${records} records and says ${store.scanner.count(table)}`);
  }
}

async function migrate(deps: UpgradeDeps, from: number, to: number, step: (name: string) => void): Promise<void> {
  const { state_dir } = deps;
  const next = join(state_dir, NEXT);
  for (let version = from; version < to; version++) {
    const migration = (deps.migrations ?? MIGRATIONS).find((candidate) => candidate.from === version);
    if (migration === undefined) throw new MaestroError("store.schema", `${state_dir} has schema ${version}, and there is no way from there to ${to}`);
    step(`migrate ${version}`);
    const store = openStore({ ...deps, folder: NEXT, schema_version: version });
    try {
      verifyAll(store);
      step(`run ${version}`);
      store.atomic(() => migration.run(store, state_dir));
      store.schema().raise(version + 1);
    } finally {
      await store.close();
    }
    // Opening wrote the file of the version before; only a whole copy bears the new one's.
    rmSync(join(next, "schema"));
  }
}

/**
 * Brings the database to this daemon's schema, or leaves it as it is: `null` where nothing had to be done. Throws `store.schema` for a
 * newer one, and what a damaged one throws. The caller holds the state folder's lock.
 */
export async function upgradeStore(deps: UpgradeDeps): Promise<Upgraded | null> {
  const { state_dir, schema_version: to = STORE_SCHEMA_VERSION, step = () => undefined } = deps;
  const [current, next, old] = [join(state_dir, CURRENT), join(state_dir, NEXT), join(state_dir, OLD)];
  try {
    settle(state_dir);
    const from = existsSync(current) ? schemaOf(current) : null;
    if (from === null || from === to) return null;
    if (from > to) throw new MaestroError("store.schema", `${current} has schema ${from}, this daemon reads ${to}`);
    // The copy has no mark that would tell.
    requireNewest(current);
    step("copy");
    mkdirSync(next, { mode: 0o700 });
    copyFileSync(join(current, "data.mdb"), join(next, "data.mdb"));
    await migrate(deps, from, to, step);
    step("verify");
    const store = openStore({ ...deps, folder: NEXT, schema_version: to });
    try {
      verifyAll(store);
    } finally {
      await store.close();
    }
    step("sync");
    syncPathNow(join(next, "data.mdb"));
    writeSchemaFile(next, to);
    step("rename old");
    rmSync(old, { recursive: true, force: true });
    renameSync(current, old);
    step("rename new");
    renameSync(next, current);
    step("sync folder");
    syncPathNow(state_dir);
    return { from, to };
  } catch (error) {
    throw storeFailure(error, `upgrade ${current}`);
  }
}

/** The daemon has started on the new database: nobody needs the old one any more. */
export function forgetOld(state_dir: string): void {
  rmSync(join(state_dir, OLD), { recursive: true, force: true });
}
