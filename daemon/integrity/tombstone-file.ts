/**
 * Every tombstone once more, as lines of a file beside the database: it outlives the database, goes into each backup, and whoever restores
 * an older one hands in the newest, so that what went stays gone.
 */
import { join } from "node:path";
import { canonicalText, parseCanonical } from "../../proto/canonical.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Tombstone } from "../../proto/retention.ts";
import { lookAt } from "../platform/folders.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { appendLines, LINE_LIMITS, linesOf, writeLines } from "./line-file.ts";

export const TOMBSTONE_FILE = "tombstones.jsonl";

const isTombstone = lazyCheck(Tombstone);

function parsed(line: string, path: string): Tombstone {
  try {
    const value = parseCanonical(utf8(line), LINE_LIMITS);
    if (isTombstone().Check(value)) return value;
  } catch (cause) {
    throw new MaestroError("store.corrupt", `${path} has a line that is no tombstone; without the file the next start writes it anew from the database`, { cause });
  }
  throw new MaestroError("store.corrupt", `${path} has a line that is no tombstone; without the file the next start writes it anew from the database`);
}

/** None where there is no file; what the daemon did not come to write is in the database. Throws `store.corrupt`. */
export const readTombstones = async (path: string): Promise<Tombstone[]> => (await linesOf(path)).map((line) => parsed(line, path));

/** Durable when it resolves. */
export const appendTombstones = (state_dir: string, tombstones: readonly Tombstone[]): Promise<void> => appendLines(join(state_dir, TOMBSTONE_FILE), tombstones.map((one) => canonicalText(one)));

/** The file as a whole, there or not at all. */
export const writeTombstones = (state_dir: string, tombstones: Iterable<Tombstone>): Promise<void> => writeLines(join(state_dir, TOMBSTONE_FILE), Array.from(tombstones, (one) => canonicalText(one)));

/** Into a folder that is being restored: its own, and those of a file beside it. Throws `store.corrupt` for what is no tombstone, and `backup.damaged` for no file. */
export async function mergeTombstones(folder: string, file: string): Promise<void> {
  if ((await lookAt(file)) === null) throw new MaestroError("backup.damaged", `${file} is not there; give tombstones.jsonl of the newest state folder or backup`);
  const all = [...(await readTombstones(join(folder, TOMBSTONE_FILE))), ...(await readTombstones(file))];
  await writeTombstones(folder, new Map(all.map((one) => [`${one.name} ${one.class}`, one])).values());
}
