/**
 * The one place where libc is bound: what the kernel knows and Bun does not hand out. Linux only. Every function of this
 * folder throws where the kernel refuses or libc cannot be reached, so that "could not ask" is never an answer.
 */
import { dlopen, read } from "bun:ffi";

const SYMBOLS = {
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  // Variadic in C, as syscall(2) is; on x86-64 and arm64 Linux whole numbers travel in the same registers either way.
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
  syscall: { args: ["i64", "i64", "ptr", "ptr", "i64"], returns: "i64" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  prlimit64: { args: ["i32", "i32", "ptr", "ptr"], returns: "i32" },
  _exit: { args: ["i32"], returns: "void" },
  wait4: { args: ["i32", "ptr", "i32", "ptr"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** glibc first, then the names musl installs under. */
const LIBC_NAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"] as const;

/** errno values used here (asm-generic/errno-base.h, errno.h). */
export const ERRNO = {
  ENOENT: 2, ESRCH: 3, EBADF: 9, ECHILD: 10, EAGAIN: 11, ENOTDIR: 20, EINVAL: 22, ERANGE: 34, ELOOP: 40, ENODATA: 61, ENOTSOCK: 88, ENOPROTOOPT: 92,
} as const;

export class SyscallError extends Error {
  readonly call: string;
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`${call} failed with errno ${errno}`);
    this.name = "SyscallError";
    this.call = call;
    this.errno = errno;
  }
}

/** The functions of libc that `symbols` names, from the first library that is there. Throws where there is none. */
export function openLibc<S extends Parameters<typeof dlopen>[1]>(symbols: S) {
  const tried: unknown[] = [];
  for (const name of LIBC_NAMES) {
    try {
      return dlopen(name, symbols).symbols;
    } catch (cause) {
      tried.push(cause);
    }
  }
  throw new AggregateError(tried, `libc could not be opened under ${LIBC_NAMES.join(", ")}; bun:ffi needs the JIT, so MemoryDenyWriteExecute= must stay off`);
}

const openOwn = () => openLibc(SYMBOLS);
let opened: ReturnType<typeof openOwn> | undefined;

export function libc(): ReturnType<typeof openOwn> {
  opened ??= openOwn();
  return opened;
}

/** errno of the call before, on this thread. */
export function lastErrno(): number {
  const at = libc().__errno_location();
  if (at === null) throw new Error("libc gave no errno address");
  return read.i32(at);
}

/** The result of a call that says with a negative one that it failed. */
export function checked(call: string, result: number): number {
  if (result < 0) throw new SyscallError(call, lastErrno());
  return result;
}
