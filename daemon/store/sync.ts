import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes what was written to a file, or a rename in a folder, durable. */
export function syncFolderNow(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
