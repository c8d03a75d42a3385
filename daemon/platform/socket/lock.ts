/**
 * One daemon per state folder. The kernel drops a flock(2) when its holder
 * dies, however it dies, so there is no stale lock to clean up.
 */
import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";
import { closeOnExec, flockExclusive } from "../kernel/descriptor.ts";

/** Enough for any pid and what surrounds it. */
const LOCK_BYTES_MAX = 32;

export interface StateLock {
  readonly path: string;
  /** Gives the lock back. The file stays: unlinking it would let two daemons lock two files of one name. */
  release(): void;
}

/**
 * Takes `path` for this process and writes its pid into it.
 * Throws `daemon.another_instance`, naming the holder, without waiting.
 */
export function takeLock(path: string): StateLock {
  // O_NOFOLLOW: a link planted in the folder must not make us lock or truncate another file.
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    // A child that inherited the descriptor would hold the lock after we are dead.
    closeOnExec(fd);
    if (!flockExclusive(fd)) throw new MaestroError("daemon.another_instance", `pid ${holder(fd)} holds ${path}`);
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
  let held = true;
  return {
    path,
    release() {
      if (!held) return;
      held = false;
      ftruncateSync(fd);
      closeSync(fd);
    },
  };
}

function holder(fd: number): string {
  const bytes = Buffer.alloc(LOCK_BYTES_MAX);
  const text = bytes.toString("latin1", 0, readSync(fd, bytes, 0, LOCK_BYTES_MAX, 0)).trim();
  return /^[1-9][0-9]*$/.test(text) ? text : "unknown (just starting or stopping)";
}
