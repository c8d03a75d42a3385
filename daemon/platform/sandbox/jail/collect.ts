/**
 * Opens wanted files of a scratch folder whose writer is dead, and reads them piece by piece. Nothing here follows a link, waits for a
 * FIFO, opens a device or leaves the folder: a link to a key once made a naive collector print the key.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SyscallError, ERRNO } from "../../kernel/libc.ts";
import type { NotCollected, WantedFile } from "../job.ts";
import { O, openBeneath, RESOLVE } from "../../kernel/descriptor.ts";
import type { Removed } from "./protections.ts";
import { COLLECTED_BYTES_MAX } from "../wire.ts";

/** Of what says it has no bytes. */
const DEVICE_BYTES_MAX = 4_096;

/** Open, at its beginning. Nobody is left who could change its length. */
export type Found = { readonly state: "open"; readonly fd: number; readonly bytes: number } | NotCollected;

/** In the order of `wanted`. Whoever calls closes what is open. */
export function collect(scratch_fd: number, wanted: readonly WantedFile[], removed: Removed): Found[] {
  let left = COLLECTED_BYTES_MAX;
  return wanted.map((file) => {
    const got = collectOne(scratch_fd, file, left, removed);
    if (got.state === "open") left -= got.bytes;
    return got;
  });
}

function collectOne(scratch_fd: number, { path, bytes_max }: WantedFile, left: number, removed: Removed): Found {
  if (path.startsWith("/") || path.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) return refused("the path is not one below scratch");
  const opened = openPlain(scratch_fd, path, removed);
  if (typeof opened !== "number") return opened;
  const state = judged(opened, bytes_max, left, removed);
  if (state !== null) closeSync(opened);
  return state ?? { state: "open", fd: opened, bytes: fstatSync(opened).size };
}

/** null where it may be read. */
function judged(fd: number, bytes_max: number, left: number, removed: Removed): NotCollected | null {
  const found = fstatSync(fd);
  if (!removed.has("regular-files") && !found.isFile()) return refused("it is not a regular file");
  if (!removed.has("file-size") && found.size > bytes_max) return refused(`it has ${found.size} bytes, ${bytes_max} were asked for at most`);
  return found.size > left ? refused(`the wanted files have more than ${COLLECTED_BYTES_MAX} bytes together`) : null;
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

/** A file's bytes in pieces, each valid until the next; one buffer is all that is held of it. A device that a test lets through gives what it gives, once. */
export function* piecesOf({ fd, bytes }: { readonly fd: number; readonly bytes: number }, piece_bytes_max: number): Generator<Uint8Array, void, undefined> {
  const piece = new Uint8Array(piece_bytes_max);
  const bytes_max = Math.max(bytes, DEVICE_BYTES_MAX);
  for (let at = 0; at < bytes_max; ) {
    const got = readSync(fd, piece, 0, Math.min(piece.length, bytes_max - at), null);
    if (got === 0) return;
    yield piece.subarray(0, got);
    at += got;
  }
}
