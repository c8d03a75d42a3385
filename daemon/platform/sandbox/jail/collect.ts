/**
 * Reads wanted files of a scratch folder whose writer is dead. Nothing here follows a link, waits for a FIFO, opens a device
 * or leaves the folder: a link to a key once made a naive collector print the key.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SyscallError, ERRNO } from "../../kernel/libc.ts";
import type { NotCollected, WantedFile } from "../job.ts";
import { O, openBeneath, RESOLVE } from "../../kernel/descriptor.ts";
import type { Removed } from "./protections.ts";
import { COLLECTED_BYTES_MAX } from "../wire.ts";

/** What was read, in the memory of the launcher. */
export type Found = { readonly state: "read"; readonly bytes: Uint8Array } | NotCollected;

export function collect(scratch_fd: number, wanted: readonly WantedFile[], removed: Removed): Found[] {
  let left = COLLECTED_BYTES_MAX;
  return wanted.map((file) => {
    const got = collectOne(scratch_fd, file, left, removed);
    if (got.state === "read") left -= got.bytes.length;
    return got;
  });
}

function collectOne(scratch_fd: number, { path, bytes_max }: WantedFile, left: number, removed: Removed): Found {
  if (path.startsWith("/") || path.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) return refused("the path is not one below scratch");
  const opened = openPlain(scratch_fd, path, removed);
  if (typeof opened !== "number") return opened;
  try {
    const { size } = fstatSync(opened);
    if (!removed.has("regular-files") && !fstatSync(opened).isFile()) return refused("it is not a regular file");
    if (!removed.has("file-size") && size > bytes_max) return refused(`it has ${size} bytes, ${bytes_max} were asked for at most`);
    if (size > left) return refused(`the wanted files have more than ${COLLECTED_BYTES_MAX} bytes together`);
    return { state: "read", bytes: readWhole(opened, size) };
  } finally {
    closeSync(opened);
  }
}

function openPlain(scratch_fd: number, path: string, removed: Removed): number | NotCollected {
  if (removed.has("no-links")) return openSync(`/proc/self/fd/${scratch_fd}/${path}`, "r");
  try {
    return openBeneath(scratch_fd, path, O.nofollow | O.nonblock | O.noctty, RESOLVE.beneath | RESOLVE.no_symlinks | RESOLVE.no_magiclinks | RESOLVE.no_xdev);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.errno === ERRNO.ENOENT || error.errno === ERRNO.ENOTDIR) return { state: "absent" };
    if (error.errno === ERRNO.ELOOP) return refused("there is a link on the way to it");
    return refused(`it cannot be opened (errno ${error.errno})`);
  }
}

const refused = (because: string): NotCollected => ({ state: "refused", because });

/** Nobody is left who could change the file's length meanwhile; a device that a test lets through gives what it gives. */
function readWhole(fd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, 4_096));
  let at = 0;
  while (at < bytes.length) {
    const got = readSync(fd, bytes, at, bytes.length - at, null);
    if (got === 0) break;
    at += got;
  }
  return bytes.subarray(0, at);
}
