/** Which version of the state folder this is; it stands twice, as a record and as a file written after it. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { MaestroError } from "../../proto/errors.ts";
import { Closed } from "../../proto/scalar.ts";
import { STORE_SCHEMA_VERSION, stateVersionIn } from "../../proto/state-version.ts";
import type { Store } from "./db.ts";
import { syncPathNow } from "../platform/sync.ts";

const Meta = Closed({ version: Type.Integer({ minimum: 1 }) });
const FILE = "schema";

export interface SchemaRecord {
  /** For a migration, on its own copy: the record now, the file once everything else is on disk. */
  raise(version: number): void;
}

/**
 * The version that the file in a database folder names; `null` where there is none. Throws `store.corrupt`
 * for anything else. A folder without this file was never acknowledged to be complete.
 */
export function schemaOf(folder: string): number | null {
  const path = join(folder, FILE);
  if (!existsSync(path)) return null;
  const text = readFileSync(path, "utf8");
  const version = stateVersionIn(text);
  if (version === null) throw new MaestroError("store.corrupt", `${path} does not hold a version`);
  return version;
}

/** A later release's folder is not read at all, nor what lies beside its database; a damaged file is for others to find. Throws `store.schema`. */
export function requireNoLater(folder: string): void {
  const path = join(folder, FILE);
  const written = statSync(path, { throwIfNoEntry: false })?.isFile() === true ? stateVersionIn(readFileSync(path, "utf8")) : null;
  if (written !== null && written > STORE_SCHEMA_VERSION) throw new MaestroError("store.schema", `${folder} has schema ${written}, this release reads ${STORE_SCHEMA_VERSION}`);
}

/** The last step of a copy: from here on it is whole. */
export function writeSchemaFile(folder: string, version: number): void {
  writeFileSync(join(folder, FILE), `${version}\n`, { flush: true, mode: 0o600 });
  syncPathNow(folder);
}

/**
 * Checks both, and writes what a fresh folder lacks. A file without its record means that LMDB lost data, which looks like an
 * empty store otherwise. Throws `store.schema` or `store.corrupt`.
 */
export function checkSchema(store: Store, folder: string, version: number): SchemaRecord {
  const meta = store.table<string, typeof Meta>("meta", Meta);
  const written = schemaOf(folder);
  const found = meta.get("schema");
  if (found === undefined && written !== null) throw new MaestroError("store.corrupt", `${folder} was written with schema ${written}, but its records are gone`);
  if (found !== undefined && found.version !== version) throw new MaestroError("store.schema", `${folder} has schema ${found.version}, this daemon reads ${version}${found.version < version ? " and brings it there when it starts" : ""}`);
  if (found !== undefined && written !== null && written !== version) throw new MaestroError("store.corrupt", `${folder} says schema ${written} in its file and ${version} in its records`);
  if (found === undefined) store.atomic(() => meta.put("schema", { version }));
  if (written === null) writeSchemaFile(folder, version);
  return { raise: (next) => store.atomic(() => meta.put("schema", { version: next })) };
}
