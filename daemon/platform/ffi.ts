/**
 * The one place where libc is called directly: what the kernel knows about a
 * socket or a lock and Bun does not hand out. Linux only. Every function
 * throws when libc cannot be reached, so a caller can never mistake "could not
 * ask" for an answer.
 */
import { dlopen, read } from "bun:ffi";

const SYMBOLS = {
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** glibc first, then the names musl installs under. */
const LIBC_NAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"] as const;

/** asm-generic/socket.h; the same on x86-64 and arm64. */
const SOL_SOCKET = 1;
export const SO = { type: 3, peercred: 17, acceptconn: 30, domain: 39, peergroups: 59, peerpidfd: 77 } as const;

export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;

/** errno values used here (asm-generic/errno-base.h, errno.h). */
export const ERRNO = { EBADF: 9, EAGAIN: 11, ERANGE: 34, ENOTSOCK: 88, ENOPROTOOPT: 92, ENODATA: 61, ESRCH: 3, EINVAL: 22 } as const;

/** The kernel caps supplementary groups at 65,536 (NGROUPS_MAX). */
const PEER_GROUPS_MAX = 65_536;
const PEER_GROUPS_FIRST = 64;

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

function libc(): ReturnType<typeof openOwn> {
  opened ??= openOwn();
  return opened;
}

function errno(): number {
  const at = libc().__errno_location();
  if (at === null) throw new Error("libc gave no errno address");
  return read.i32(at);
}

/** Fills `value` and returns how many bytes the kernel wrote, or the errno as a negative number. */
function getsockopt(fd: number, option: number, value: Int32Array | Uint32Array): number {
  const length = new Uint32Array([value.byteLength]);
  const rc = libc().getsockopt(fd, SOL_SOCKET, option, value, length);
  if (rc === 0) return length[0] ?? 0;
  const failed = errno();
  // On ERANGE the kernel writes the size it needs into the length (unix(7), SO_PEERGROUPS).
  if (failed === ERRNO.ERANGE) throw new RangeNeeded(length[0] ?? 0);
  return -failed;
}

class RangeNeeded extends Error {
  readonly bytes: number;

  constructor(bytes: number) {
    super(`the kernel needs ${bytes} bytes`);
    this.bytes = bytes;
  }
}

/** One integer option of a socket. Throws `SyscallError`, for example with ENOTSOCK. */
export function socketOption(fd: number, option: number): number {
  const value = new Int32Array(1);
  const wrote = getsockopt(fd, option, value);
  if (wrote < 0) throw new SyscallError(`getsockopt(${option})`, -wrote);
  return value[0] ?? 0;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who connected a Unix socket, as the kernel recorded it at connect(2) (unix(7), SO_PEERCRED). */
export function peerCredentials(fd: number): PeerCredentials {
  const value = new Uint32Array(3);
  const wrote = getsockopt(fd, SO.peercred, value);
  if (wrote < 0) throw new SyscallError("getsockopt(SO_PEERCRED)", -wrote);
  const [pid = 0, uid = 0, gid = 0] = value;
  if (wrote !== value.byteLength) throw new SyscallError("getsockopt(SO_PEERCRED)", ERRNO.EINVAL);
  // A socket that is not a connected Unix socket answers pid 0 and uid -1 instead of failing.
  if (pid === 0 || uid === 0xffff_ffff) throw new SyscallError("getsockopt(SO_PEERCRED)", ERRNO.ESRCH);
  return { pid, uid, gid };
}

/** Supplementary groups of the peer at connect(2), so that no name service is asked. */
export function peerGroups(fd: number): readonly number[] {
  let room = PEER_GROUPS_FIRST;
  for (let attempt = 0; attempt < 2; attempt++) {
    const value = new Uint32Array(room);
    try {
      const wrote = getsockopt(fd, SO.peergroups, value);
      // A peer that was never given a group list has none.
      if (wrote === -ERRNO.ENODATA) return [];
      if (wrote < 0) throw new SyscallError("getsockopt(SO_PEERGROUPS)", -wrote);
      return [...value.subarray(0, wrote / 4)];
    } catch (thrown) {
      if (!(thrown instanceof RangeNeeded)) throw thrown;
      room = Math.min(Math.ceil(thrown.bytes / 4), PEER_GROUPS_MAX);
    }
  }
  throw new SyscallError("getsockopt(SO_PEERGROUPS)", ERRNO.ERANGE);
}

/**
 * A descriptor for the peer process that stays its own even if the pid is
 * reused; the caller closes it. `null` where the kernel is older than 6.5.
 */
export function peerPidfd(fd: number): number | null {
  const value = new Int32Array(1);
  const wrote = getsockopt(fd, SO.peerpidfd, value);
  if (wrote === -ERRNO.ENOPROTOOPT) return null;
  if (wrote < 0) throw new SyscallError("getsockopt(SO_PEERPIDFD)", -wrote);
  return value[0] ?? null;
}

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the exclusive flock(2) of an open file without waiting; `false` when somebody else holds it. */
export function flockExclusive(fd: number): boolean {
  if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const failed = errno();
  if (failed === ERRNO.EAGAIN) return false;
  throw new SyscallError("flock", failed);
}

const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Keeps a descriptor out of every child process. */
export function closeOnExec(fd: number): void {
  if (libc().fcntl(fd, F_SETFD, FD_CLOEXEC) !== 0) throw new SyscallError("fcntl(F_SETFD)", errno());
}

export function isCloseOnExec(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFD, 0);
  if (flags < 0) throw new SyscallError("fcntl(F_GETFD)", errno());
  return (flags & FD_CLOEXEC) !== 0;
}

const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor, above 2, for the same open file; it stays out of every child process. */
export function duplicateDescriptor(fd: number): number {
  const copy = libc().fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw new SyscallError("fcntl(F_DUPFD_CLOEXEC)", errno());
  return copy;
}

/** Makes `fd` mean what `from` means; what `fd` meant before is closed (dup2(2)). */
export function replaceDescriptor(from: number, fd: number): void {
  if (libc().dup2(from, fd) < 0) throw new SyscallError("dup2", errno());
}

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;

function prctl(name: string, option: number, value: number): void {
  if (libc().prctl(option, BigInt(value), 0n, 0n, 0n) !== 0) throw new SyscallError(name, errno());
}

/** From now on the kernel kills this process when the thread that started it ends (prctl(2)). */
export function dieWithParent(): void {
  prctl("prctl(PR_SET_PDEATHSIG)", PR_SET_PDEATHSIG, SIGKILL);
}

/** From now on no program started from here gains a privilege through setuid or file capabilities. */
export function noNewPrivileges(): void {
  prctl("prctl(PR_SET_NO_NEW_PRIVS)", PR_SET_NO_NEW_PRIVS, 1);
}

const CLOCK_MONOTONIC = 1;
const CLOCK_BOOTTIME = 7;

/** Microseconds of the machine's monotonic clock, whose origin all processes share (clock_gettime(2)). */
export function machineMonotonicUs(): bigint {
  const timespec = new BigInt64Array(2);
  if (libc().clock_gettime(CLOCK_MONOTONIC, timespec) !== 0) throw new SyscallError("clock_gettime(CLOCK_MONOTONIC)", errno());
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return seconds * 1_000_000n + nanoseconds / 1_000n;
}

/** Milliseconds since the machine booted, suspended time included; nobody can set this clock (clock_gettime(2)). */
export function boottimeMs(): number {
  const timespec = new BigInt64Array(2);
  if (libc().clock_gettime(CLOCK_BOOTTIME, timespec) !== 0) throw new SyscallError("clock_gettime(CLOCK_BOOTTIME)", errno());
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of sockaddr_un (unix(7)). */
const UNIX_ADDRESS_BYTES_MAX = 108;

/** sockaddr_un: the family, then a path with its closing NUL, or NUL and an abstract name, written with `@` in front. */
function unixAddress(address: string): Uint8Array {
  const abstract = address.startsWith("@");
  const name = new TextEncoder().encode(abstract ? `\0${address.slice(1)}` : `${address}\0`);
  if (name.length > UNIX_ADDRESS_BYTES_MAX) throw new SyscallError("sendto", ERRNO.EINVAL);
  return Uint8Array.of(AF_UNIX, 0, ...name);
}

/** Sends one datagram to a Unix socket without waiting, from a socket that lives no longer than this call. Throws `SyscallError`, with ECONNREFUSED or ENOENT where nobody listens. */
export function sendUnixDatagram(address: string, text: string): void {
  const to = unixAddress(address);
  const bytes = new TextEncoder().encode(text);
  const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SyscallError("socket", errno());
  try {
    const sent = libc().sendto(fd, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL, to, to.length);
    if (Number(sent) !== bytes.length) throw new SyscallError("sendto", errno());
  } finally {
    libc().close(fd);
  }
}
