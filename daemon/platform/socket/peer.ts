import type { Socket } from "node:net";
import { MaestroError } from "../../../proto/errors.ts";
import { peerCredentials, peerGroups, type PeerCredentials } from "../kernel/socket.ts";

/** Who is at the other end, as the kernel recorded it when the connection was made. */
export interface Peer extends PeerCredentials {
  readonly groups: readonly number[];
}

/**
 * Descriptor of a socket or listener. `_handle` is not documented: it is read
 * here and nowhere else, and `null` means that nothing may be assumed.
 */
export function descriptorOf(owner: object): number | null {
  const handle: unknown = Reflect.get(owner, "_handle");
  if (typeof handle !== "object" || handle === null) return null;
  const fd: unknown = Reflect.get(handle, "fd");
  return typeof fd === "number" && Number.isInteger(fd) && fd >= 0 ? fd : null;
}

/** Throws `auth.peer_unknown` where the kernel cannot be asked; the caller then refuses the connection. */
export function peerOf(socket: Socket): Peer {
  const fd = descriptorOf(socket);
  if (fd === null) throw new MaestroError("auth.peer_unknown", "the connection has no descriptor");
  try {
    return { ...peerCredentials(fd), groups: peerGroups(fd) };
  } catch (cause) {
    throw new MaestroError("auth.peer_unknown", "the kernel gave no credentials", { cause });
  }
}
