import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { syncPathNow } from "../../platform/sync.ts";

const OTHERS = 0o077;
const KEY_FILE_BYTES_MAX = 256 * 1024;

function refuse(path: string, because: string, cause?: unknown): MaestroError {
  return new MaestroError("evidence.keys", `${path} ${because}`, { cause });
}

/** Throws `evidence.keys` unless `folder` is a real folder that only this user can enter; `false` where there is none. */
export function checkPrivateFolder(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isDirectory()) throw refuse(folder, "is not a folder");
  if (stat.uid !== process.getuid?.()) throw refuse(folder, "belongs to another user");
  if ((stat.mode & OTHERS) !== 0) throw refuse(folder, "is open to other users; chmod 700 it, and make new keys if anyone else had access");
  return true;
}

/** Reads a file that only this user can read. Checks the open file, not the name, so that it cannot be exchanged in between. */
export function readPrivateFile(path: string): Uint8Array {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw refuse(path, "is missing or unreadable", cause);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > KEY_FILE_BYTES_MAX) throw refuse(path, "is not a key file");
    if (stat.uid !== process.getuid?.()) throw refuse(path, "belongs to another user");
    if ((stat.mode & OTHERS) !== 0) throw refuse(path, "can be read by other users; chmod 600 it, and make new keys if anyone else had access");
    return new Uint8Array(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** Makes `folder` with all these files, or not at all: it appears by one rename once everything in it is on disk. */
export function writePrivateFolder(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const fresh = `${folder}.new`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(fresh, name), content, { mode: 0o600, flag: "wx", flush: true });
    syncPathNow(fresh);
    renameSync(fresh, folder);
    syncPathNow(dirname(folder));
  } catch (cause) {
    throw refuse(folder, "could not be written", cause);
  }
}

/** Replaces one file of a private folder in one step. */
export function replacePrivateFile(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(`${path}.new`, content, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    syncPathNow(dirname(path));
  } catch (cause) {
    throw refuse(path, "could not be written", cause);
  }
}

/** Replaces a public file in one step. */
export function writePublicFile(path: string, content: Uint8Array): void {
  try {
    writeFileSync(`${path}.new`, content, { mode: 0o644, flush: true });
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw refuse(path, "could not be written", cause);
  }
}
