/** The keys remember which log they sign for: a database and a log folder that are both gone must not look like a first start. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { readPrivateFile, replacePrivateFile } from "../keys/files.ts";

const FILE = "signs-for";

/** Throws `evidence.log` where this key has signed a log of that name before, and the store has none. */
export function checkMark(keys_folder: string, origin: string): void {
  if (marked(keys_folder) !== origin) return;
  throw new MaestroError("evidence.log", `${keys_folder} signed ${origin} before, and the database holds no log: a second one under the same key would fork it; try maestro fsck --repair, or restore a backup into an empty folder`);
}

/** Before the first entry, and again where another log began. */
export function mark(keys_folder: string, origin: string): void {
  if (marked(keys_folder) !== origin) replacePrivateFile(join(keys_folder, FILE), `${origin}\n`);
}

function marked(keys_folder: string): string | null {
  const path = join(keys_folder, FILE);
  return existsSync(path) ? new TextDecoder().decode(readPrivateFile(path)).trimEnd() : null;
}
