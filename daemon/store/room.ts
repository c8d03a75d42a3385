/** Whether the disk of the state folder takes anything, asked before LMDB has to find out. */
import { closeSync, openSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { storeFailure } from "./failure.ts";

/** Made and removed by every probe; one that a killed daemon left is made again. */
const PROBE = "writable";

/**
 * Throws `store.no_space` while nothing has been touched yet: repeated
 * `ENOSPC` from inside a commit ended in glibc's "corrupted size vs.
 * prev_size", so LMDB must not meet a full disk while there is a way around.
 */
function requireSpace(state_dir: string, free_bytes_min: number): void {
  const { bavail, bsize } = statfsSync(state_dir);
  if (bavail * bsize < free_bytes_min) throw new MaestroError("store.no_space", `${bavail * bsize} bytes free for ${state_dir}, at least ${free_bytes_min} are needed`);
}

/**
 * Makes a file: a file system that went read-only over an error (`errors=remount-ro`) still answers access(2) with yes.
 * Throws `store.no_space`, `store.read_only` or `store.commit`.
 */
export function requireWritable(state_dir: string, free_bytes_min: number): void {
  requireSpace(state_dir, free_bytes_min);
  const probe = join(state_dir, PROBE);
  try {
    closeSync(openSync(probe, "w", 0o600));
    rmSync(probe);
  } catch (error) {
    throw storeFailure(error, `write to ${state_dir}`);
  }
}
