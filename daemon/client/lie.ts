/** What lies at a path, links not followed, without `node:fs`: loading that takes 3 ms, a fifth of `maestro status`. */
import { dlopen } from "bun:ffi";

export interface Lying {
  readonly uid: number;
  /** Type and permissions, as in inode(7). */
  readonly mode: number;
}

const TYPE = 0o170000;
const SOCKET = 0o140000;
const FOLDER = 0o040000;
export const isSocket = ({ mode }: Lying): boolean => (mode & TYPE) === SOCKET;
export const isFolder = ({ mode }: Lying): boolean => (mode & TYPE) === FOLDER;

/** statx(2): the same on every processor, unlike what lstat(2) fills. */
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_TYPE_MODE_UID = 0x1 | 0x2 | 0x8;
const BYTES = 256;
const MASK_AT = 0;
const UID_AT = 20;
const MODE_AT = 28;

type Statx = (folder: number, path: Uint8Array, flags: number, mask: number, out: Uint8Array) => number;

/** `null` where this libc has no such name: another system, or one without glibc. */
function openStatx(): Statx | null {
  try {
    return dlopen("libc.so.6", { statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" } }).symbols.statx;
  } catch {
    // Without it node:fs is asked, which costs time and nothing else.
    return null;
  }
}

let statx: Statx | null | undefined;

/** Throws what `lstatSync` throws. */
export function lyingAt(path: string): Lying {
  statx ??= openStatx();
  const out = new Uint8Array(BYTES);
  if (statx !== null && !path.includes("\0") && statx(AT_FDCWD, new TextEncoder().encode(`${path}\0`), AT_SYMLINK_NOFOLLOW, STATX_TYPE_MODE_UID, out) === 0) {
    const view = new DataView(out.buffer);
    const told = view.getUint32(MASK_AT, true);
    if ((told & STATX_TYPE_MODE_UID) === STATX_TYPE_MODE_UID) return { uid: view.getUint32(UID_AT, true), mode: view.getUint16(MODE_AT, true) };
  }
  // Also for every failure: its code and its words are made there.
  return process.getBuiltinModule("node:fs").lstatSync(path);
}

/** `null` where nothing lies there, or nothing this user may see. */
export function lyingAtOrNull(path: string): Lying | null {
  try {
    return lyingAt(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EACCES"].includes(String(error.code))) return null;
    throw error;
  }
}
