/**
 * Every tombstone once more, as lines of a file beside the database: it outlives the database, goes into each backup, and whoever restores
 * an older one hands in the newest, so that what went stays gone.
 */
import { type FileHandle, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalText, parseCanonical } from "../../proto/canonical.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Tombstone } from "../../proto/retention.ts";
import { isAbsent, lookAt } from "../platform/folders.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { syncPath } from "../platform/sync.ts";

export const TOMBSTONE_FILE = "tombstones.jsonl";

const isTombstone = lazyCheck(Tombstone);
const LINE_LIMITS = { bytes_max: 8_192, depth_max: 6 };

function parsed(line: string, path: string): Tombstone {
  try {
    const value = parseCanonical(utf8(line), LINE_LIMITS);
    if (isTombstone().Check(value)) return value;
  } catch (cause) {
    throw new MaestroError("store.corrupt", `${path} has a line that is no tombstone; without the file the next start writes it anew from the database`, { cause });
  }
  throw new MaestroError("store.corrupt", `${path} has a line that is no tombstone; without the file the next start writes it anew from the database`);
}

/** None where there is no file. A last line without its end was being written when the daemon died, and is in the database. Throws `store.corrupt`. */
export async function readTombstones(path: string): Promise<Tombstone[]> {
  try {
    const text = await readFile(path, "utf8");
    return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "").map((line) => parsed(line, path));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** A full disk may have cut the last line: it goes, since the next would stand behind it. The database has it, and the next start writes the file anew. */
async function endWithLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - LINE_LIMITS.bytes_max);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
  const end = start + buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
  if (end < size) await handle.truncate(end);
}

/** Durable when it resolves. */
export async function appendTombstones(state_dir: string, tombstones: readonly Tombstone[]): Promise<void> {
  if (tombstones.length === 0) return;
  const handle = await open(join(state_dir, TOMBSTONE_FILE), "a+", 0o600);
  try {
    await endWithLine(handle);
    await handle.writeFile(tombstones.map((one) => `${canonicalText(one)}\n`).join(""));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The file as a whole, there or not at all. */
export async function writeTombstones(state_dir: string, tombstones: Iterable<Tombstone>): Promise<void> {
  const path = join(state_dir, TOMBSTONE_FILE);
  await writeFile(`${path}.new`, Array.from(tombstones, (one) => `${canonicalText(one)}\n`).join(""), { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncPath(state_dir);
}

/** Into a folder that is being restored: its own, and those of a file beside it. Throws `store.corrupt` for what is no tombstone, and `backup.damaged` for no file. */
export async function mergeTombstones(folder: string, file: string): Promise<void> {
  if ((await lookAt(file)) === null) throw new MaestroError("backup.damaged", `${file} is not there; give tombstones.jsonl of the newest state folder or backup`);
  const all = [...(await readTombstones(join(folder, TOMBSTONE_FILE))), ...(await readTombstones(file))];
  await writeTombstones(folder, new Map(all.map((one) => [`${one.name} ${one.class}`, one])).values());
}
