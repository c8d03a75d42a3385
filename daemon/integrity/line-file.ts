/** Documents of one kind as lines of a file beside the database: it outlives the database, goes into each backup, and is handed in to whoever restores an older one. */
import { type FileHandle, open, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isAbsent } from "../platform/folders.ts";
import { syncPath } from "../platform/sync.ts";

export const LINE_LIMITS = { bytes_max: 8_192, depth_max: 6 };

/** Without their ends; none where there is no file. A last line without its end was being written when the daemon died, and nobody was told of it. */
export async function linesOf(path: string): Promise<string[]> {
  try {
    const text = await readFile(path, "utf8");
    return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** A full disk may have cut the last line: it goes, since the next would stand behind it. */
async function endWithLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - LINE_LIMITS.bytes_max);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
  const end = start + buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
  if (end < size) await handle.truncate(end);
}

/** Durable when it resolves, and so is the name of a file that this made. */
export async function appendLines(path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const handle = await open(path, "a+", 0o600);
  let fresh: boolean;
  try {
    fresh = (await handle.stat()).size === 0;
    await endWithLine(handle);
    await handle.writeFile(lines.map((line) => `${line}\n`).join(""));
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (fresh) await syncPath(dirname(path));
}

/** The file as a whole, there or not at all. */
export async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  await writeFile(`${path}.new`, Array.from(lines, (line) => `${line}\n`).join(""), { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncPath(dirname(path));
}
