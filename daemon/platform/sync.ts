/** Makes what was written outlive a power cut: a file's bytes, or the names in a folder. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same before it returns, for whoever may not wait in between. */
export function syncPathNow(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Everything below `folder` and itself, one after the other: a folder of many files takes no more than one descriptor. A link is a name in its folder and nothing else. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of (await readdir(folder, { withFileTypes: true })).filter((one) => !one.isSymbolicLink())) await (entry.isDirectory() ? syncTree : syncPath)(join(folder, entry.name));
  await syncPath(folder);
}
