/** Open files: flags, copies, locks, pipes, sealed memory, and opening below a folder. */
import { closeSync, openSync, writeSync } from "node:fs";
import { checked, ERRNO, lastErrno, libc, SyscallError } from "./libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the exclusive flock(2) of an open file without waiting; `false` when somebody else holds it. */
export function flockExclusive(fd: number): boolean {
  if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const failed = lastErrno();
  if (failed === ERRNO.EAGAIN) return false;
  throw new SyscallError("flock", failed);
}

const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Keeps a descriptor out of every child process. */
export function closeOnExec(fd: number): void {
  checked("fcntl(F_SETFD)", libc().fcntl(fd, F_SETFD, FD_CLOEXEC));
}

export function isCloseOnExec(fd: number): boolean {
  return (checked("fcntl(F_GETFD)", libc().fcntl(fd, F_GETFD, 0)) & FD_CLOEXEC) !== 0;
}

const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor, above 2, for the same open file; it stays out of every child process. */
export function duplicateDescriptor(fd: number): number {
  return checked("fcntl(F_DUPFD_CLOEXEC)", libc().fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

/** Makes `fd` mean what `from` means; what `fd` meant before is closed (dup2(2)). */
export function replaceDescriptor(from: number, fd: number): void {
  checked("dup2", libc().dup2(from, fd));
}

const F_ADD_SEALS = 1033;
/** `Bun.spawn` moves descriptors to 0, 1, 2, ... one after the other; ours stand above every target, so none is overwritten on the way. */
const FIRST_FD = 100;

function raise(fd: number): number {
  try {
    return checked("fcntl(F_DUPFD_CLOEXEC)", libc().fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD));
  } finally {
    closeSync(fd);
  }
}

const O_CLOEXEC = 0o2000000;

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

export function pipe(): Pipe {
  const ends = new Int32Array(2);
  checked("pipe2", libc().pipe2(ends, O_CLOEXEC));
  const [a = -1, b = -1] = ends;
  return { read: raise(a), write: raise(b) };
}

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** F_SEAL_SEAL | SHRINK | GROW | WRITE: whoever gets the descriptor can neither change nor enlarge it. */
const SEALS = 0x0f;

/** An anonymous file without content. */
export function memoryFile(): number {
  return raise(checked("memfd_create", libc().memfd_create(Buffer.from("maestro\0"), MFD_CLOEXEC | MFD_ALLOW_SEALING)));
}

/** Gives it its content; sealed unless a test wants it open. */
export function fill(fd: number, bytes: Uint8Array, seal: boolean): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  if (seal) checked("fcntl(F_ADD_SEALS)", libc().fcntl(fd, F_ADD_SEALS, SEALS));
}

/** A second, read-only opening of an anonymous file, at its beginning. */
export function reopened(fd: number): number {
  return raise(openSync(`/proc/self/fd/${fd}`, "r"));
}

/** The same number on every architecture since it came after the tables were joined. */
const SYS_OPENAT2 = 437n;
/** openat2(2). BENEATH: nothing above the folder; NO_SYMLINKS also refuses magic links; IN_ROOT: the folder is `/`. */
export const RESOLVE = { no_xdev: 0x01, no_magiclinks: 0x02, no_symlinks: 0x04, beneath: 0x08, in_root: 0x10 } as const;
export const O = { path: 0o10000000, nofollow: 0o400000, nonblock: 0o4000, noctty: 0o400, directory: 0o200000 } as const;

/** Opens `path` from an open folder under `resolve` rules (kernel 5.6). */
export function openBeneath(folder_fd: number, path: string, flags: number, resolve: number): number {
  const how = new BigUint64Array([BigInt(flags | O_CLOEXEC), 0n, BigInt(resolve)]);
  const fd = Number(libc().syscall(SYS_OPENAT2, BigInt(folder_fd), Buffer.from(`${path}\0`), how, BigInt(how.byteLength)));
  return checked("openat2", fd);
}
