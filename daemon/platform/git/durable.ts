import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Makes a file's bytes, or the names in a folder, durable. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Everything below `folder` and itself. Small folders only: it holds all names in memory. */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  await Promise.all(entries.map((entry) => (entry.isDirectory() ? syncTree : syncPath)(join(folder, entry.name))));
  await syncPath(folder);
}
