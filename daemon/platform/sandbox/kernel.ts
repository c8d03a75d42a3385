/**
 * What the launcher asks of the kernel and Bun does not hand out. Linux only; every function throws
 * `SyscallError` where the kernel refuses, so that "could not ask" is never an answer.
 */
import { read } from "bun:ffi";
import { closeSync, openSync, writeSync } from "node:fs";
import { openLibc, SyscallError } from "../ffi.ts";

const SYMBOLS = {
  // Variadic in C; on x86-64 and arm64 Linux whole numbers travel in the same registers either way.
  syscall: { args: ["i64", "i64", "ptr", "ptr", "i64"], returns: "i64" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  prlimit64: { args: ["i32", "i32", "ptr", "ptr"], returns: "i32" },
  wait4: { args: ["i32", "ptr", "i32", "ptr"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

const openOwn = () => openLibc(SYMBOLS);
let opened: ReturnType<typeof openOwn> | undefined;

function libc(): ReturnType<typeof openOwn> {
  opened ??= openOwn();
  return opened;
}

function errno(): number {
  const at = libc().__errno_location();
  if (at === null) throw new Error("libc gave no errno address");
  return read.i32(at);
}

function checked(call: string, result: number): number {
  if (result < 0) throw new SyscallError(call, errno());
  return result;
}

export const E = { ENOENT: 2, ESRCH: 3, EINTR: 4, EAGAIN: 11, EACCES: 13, EXDEV: 18, ENOTDIR: 20, ENOSYS: 38, ELOOP: 40, ECHILD: 10 } as const;

const F_DUPFD_CLOEXEC = 1030;
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

/** An anonymous file with these bytes; sealed unless a test wants it open. */
export function sealedFile(bytes: Uint8Array, seal = true): number {
  const fd = raise(checked("memfd_create", libc().memfd_create(Buffer.from("maestro\0"), MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  if (seal) checked("fcntl(F_ADD_SEALS)", libc().fcntl(fd, F_ADD_SEALS, SEALS));
  return fd;
}

/** A second, read-only opening of a sealed file, at its beginning. */
export function reopened(fd: number): number {
  return raise(openSync(`/proc/self/fd/${fd}`, "r"));
}

const PR_SET_CHILD_SUBREAPER = 36;

/** Orphans below this process become its children, so that it can wait for them (prctl(2)). */
export function becomeSubreaper(): void {
  checked("prctl(PR_SET_CHILD_SUBREAPER)", libc().prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n));
}

/** asm-generic/resource.h; the same on x86-64 and arm64. */
const RLIMIT = { cpu: 0, fsize: 1, core: 4, nproc: 6, nofile: 7, msgqueue: 12, nice: 13, rtprio: 14 } as const;
export type ResourceLimit = keyof typeof RLIMIT;

/** Sets soft and hard limit of another process of this user (prlimit(2)), or leaves the lower one it has: a unit's own limit cannot be raised, and need not. */
export function limitProcess(pid: number, limit: ResourceLimit, soft: number, hard = soft): void {
  const now = new BigUint64Array(2);
  checked(`prlimit(${limit})`, libc().prlimit64(pid, RLIMIT[limit], null, now));
  const least = (value: number, bound: bigint): bigint => (BigInt(value) < bound ? BigInt(value) : bound);
  const [, ceiling = 0n] = now;
  checked(`prlimit(${limit})`, libc().prlimit64(pid, RLIMIT[limit], new BigUint64Array([least(soft, ceiling), least(hard, ceiling)]), null));
}

export interface Reaped {
  readonly cpu_us: number;
  readonly memory_bytes_max: number;
}

const WNOHANG = 1;
const KiB = 1024;

/**
 * Collects a child that has ended, with what it and everything it waited for used (wait4(2), struct rusage of 64-bit Linux).
 * `running` while it has not ended, `gone` where it is not our child or was collected already.
 */
export function reap(pid: number): Reaped | "running" | "gone" {
  const usage = new BigInt64Array(18);
  const got = libc().wait4(pid, new Int32Array(1), WNOHANG, usage);
  if (got === 0) return "running";
  if (got < 0) {
    const failed = errno();
    if (failed === E.ECHILD) return "gone";
    throw new SyscallError("wait4", failed);
  }
  const at = (index: number): number => Number(usage[index] ?? 0n);
  return { cpu_us: at(0) * 1e6 + at(1) + at(2) * 1e6 + at(3), memory_bytes_max: at(4) * KiB };
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
