/**
 * Start-up proof that this process listens on Unix sockets alone. Two of
 * Bun's servers ignore an inherited descriptor without a word and open a TCP
 * port on all addresses instead; for a gate that is an open network port.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";
import { AF_NETLINK, AF_UNIX, SO, SOCK_STREAM, socketOption } from "../kernel/socket.ts";
import { ERRNO, SyscallError } from "../kernel/libc.ts";

export interface OpenSocket {
  readonly fd: number;
  /** Address family, AF_* of socket(2). */
  readonly domain: number;
  readonly listening: boolean;
  readonly stream: boolean;
}

/** Every socket this process holds, asked from the kernel descriptor by descriptor. */
export function openSockets(): OpenSocket[] {
  const found: OpenSocket[] = [];
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    try {
      if (!readlinkSync(`/proc/self/fd/${name}`).startsWith("socket:")) continue;
      found.push({
        fd,
        domain: socketOption(fd, SO.domain),
        listening: socketOption(fd, SO.acceptconn) === 1,
        stream: socketOption(fd, SO.type) === SOCK_STREAM,
      });
    } catch (thrown) {
      // The descriptor that listed the folder, or one closed meanwhile, is gone; nothing else may be skipped.
      if (!isGone(thrown)) throw new MaestroError("daemon.listener", `descriptor ${name} could not be examined`, { cause: thrown });
    }
  }
  return found;
}

function isGone(thrown: unknown): boolean {
  if (thrown instanceof SyscallError) return thrown.errno === ERRNO.EBADF;
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}

/**
 * Throws `daemon.listener` when the network could reach this process: a
 * listening socket, or one that needs no listen(2) to receive (datagram, raw),
 * in any family but AF_UNIX. The kernel's own netlink is not a network.
 */
export function assertUnixListenersOnly(sockets: readonly OpenSocket[] = openSockets()): void {
  const open = sockets.filter((s) => s.domain !== AF_UNIX && s.domain !== AF_NETLINK && (s.listening || !s.stream));
  if (open.length === 0) return;
  const named = open.map((s) => `descriptor ${s.fd} of address family ${s.domain}`).join(", ");
  throw new MaestroError("daemon.listener", named);
}
