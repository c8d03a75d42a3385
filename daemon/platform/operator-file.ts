/** Files that say whom to believe: whoever could have written one could have made himself believed. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { couldOthersWrite } from "../../proto/operator-file.ts";

/** The user a file belongs to; null where it cannot be told, which proves nothing to anybody. */
export const ownerOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.uid ?? null;

/** The bytes, or why the file is not to be believed. The open file is looked at, not the name, so that it cannot be exchanged in between. */
export function readOperatorFile(path: string, bytes_max: number): { readonly bytes: Uint8Array } | { readonly because: string; readonly cause?: unknown } {
  let fd: number;
  try {
    // A pipe that nobody writes to would be waited for, by the whole daemon.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    return { because: "cannot be read", cause };
  }
  try {
    const found = fstatSync(fd);
    if (!found.isFile() || found.size > bytes_max) return { because: `is no file of at most ${bytes_max} bytes` };
    if (couldOthersWrite(found, process.getuid?.() ?? 0)) return { because: "could have been written by others" };
    return { bytes: new Uint8Array(readFileSync(fd)) };
  } finally {
    closeSync(fd);
  }
}
