/** Whether the disk of the state folder takes anything, asked before LMDB has to find out. */
import { statfsSync, utimesSync } from "node:fs";
import { MaestroError } from "../../proto/errors.ts";
import { storeFailure } from "./failure.ts";

/**
 * Throws `store.no_space` while nothing has been touched yet: repeated
 * `ENOSPC` from inside a commit ended in glibc's "corrupted size vs.
 * prev_size", so LMDB must not meet a full disk while there is a way around.
 */
function requireSpace(state_dir: string, free_bytes_min: number): void {
  const { bavail, bsize, files, ffree } = statfsSync(state_dir);
  // Some file systems count no files and say 0 of 0.
  if (files > 0 && ffree === 0) throw new MaestroError("store.no_space", `the file system of ${state_dir} takes no more files`);
  if (bavail * bsize < free_bytes_min) throw new MaestroError("store.no_space", `${bavail * bsize} bytes free for ${state_dir}, at least ${free_bytes_min} are needed`);
}

/**
 * Dates the folder anew, which takes 2 us: a file system that went read-only over an error (`errors=remount-ro`) still answers access(2)
 * with yes, and a file made and removed costs 15 us of every transaction. Throws `store.no_space`, `store.read_only` or `store.commit`.
 */
export function requireWritable(state_dir: string, free_bytes_min: number): void {
  requireSpace(state_dir, free_bytes_min);
  const now = new Date();
  try {
    utimesSync(state_dir, now, now);
  } catch (error) {
    throw storeFailure(error, `write to ${state_dir}`);
  }
}
