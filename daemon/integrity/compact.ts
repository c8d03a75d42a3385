/** What expiry took out of the database still stands in its free pages until something writes over them: the database is copied without them, and the old file goes. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Limits } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { STORE_SCHEMA_VERSION } from "../../proto/state-version.ts";
import { syncPathNow } from "../platform/sync.ts";
import { openStore } from "../store/db.ts";
import { schemaOf, writeSchemaFile } from "../store/schema.ts";
import { forgetOld, settle } from "../store/upgrade.ts";

export interface Compacted {
  readonly before_bytes: number;
  readonly after_bytes: number;
}

/** The caller holds the state folder's lock. A kill at any step leaves the old database or the new one, as in an upgrade. Throws `store.*`. */
export async function compactState({ state_dir, limits }: { readonly state_dir: string; readonly limits: Pick<Limits, "store"> }): Promise<Compacted> {
  settle(state_dir);
  const [current, next, old] = [join(state_dir, "db"), join(state_dir, "db.next"), join(state_dir, "db.old")];
  if (!existsSync(current)) throw new MaestroError("store.corrupt", `${current} is missing`);
  const version = schemaOf(current);
  if (version !== STORE_SCHEMA_VERSION) throw new MaestroError("store.schema", `${current} has schema ${version}; a daemon that starts on it brings it to ${STORE_SCHEMA_VERSION}`);
  const before_bytes = statSync(join(current, "data.mdb")).size;
  const store = openStore({ state_dir, limits: limits.store, fatal: () => undefined });
  try {
    mkdirSync(next, { mode: 0o700 });
    await store.copyTo(next);
  } finally {
    await store.close();
  }
  syncPathNow(join(next, "data.mdb"));
  writeSchemaFile(next, version);
  rmSync(old, { recursive: true, force: true });
  renameSync(current, old);
  renameSync(next, current);
  syncPathNow(state_dir);
  forgetOld(state_dir);
  return { before_bytes, after_bytes: statSync(join(current, "data.mdb")).size };
}
