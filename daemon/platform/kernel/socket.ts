/** What the kernel knows about a socket (unix(7), socket(7)). */
import { checked, ERRNO, lastErrno, libc, SyscallError } from "./libc.ts";

/** asm-generic/socket.h; the same on x86-64 and arm64. */
const SOL_SOCKET = 1;
export const SO = { type: 3, peercred: 17, acceptconn: 30, domain: 39, peergroups: 59, peerpidfd: 77 } as const;

export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;

/** The kernel caps supplementary groups at 65,536 (NGROUPS_MAX). */
const PEER_GROUPS_MAX = 65_536;
const PEER_GROUPS_FIRST = 64;

/** Fills `value` and returns how many bytes the kernel wrote, or the errno as a negative number. */
function getsockopt(fd: number, option: number, value: Int32Array | Uint32Array): number {
  const length = new Uint32Array([value.byteLength]);
  const rc = libc().getsockopt(fd, SOL_SOCKET, option, value, length);
  if (rc === 0) return length[0] ?? 0;
  const failed = lastErrno();
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
  const fd = checked("socket", libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const sent = libc().sendto(fd, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL, to, to.length);
    if (Number(sent) !== bytes.length) throw new SyscallError("sendto", lastErrno());
  } finally {
    libc().close(fd);
  }
}
