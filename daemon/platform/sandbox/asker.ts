/** Who may give orders to a launcher. */
import { MaestroError } from "../../../proto/errors.ts";
import { ERRNO, SyscallError } from "../kernel/libc.ts";
import { peerCredentials, peerGroups } from "../kernel/socket.ts";

const ROOT = 0;

/**
 * Throws `auth.denied` unless the other end of a connection is root, this launcher's own user, or a member of its group, which in an
 * installation is the core alone. The group, because in a user namespace (PrivateUsers=) every other user looks alike, and our own group
 * is one of the few things that do not. An input that is no socket is the pipe of whoever started this process.
 */
export function checkAsker(fd: number): void {
  const asker = connectedBy(fd);
  if (asker === null || asker.uid === ROOT || asker.uid === process.geteuid?.()) return;
  const group = process.getegid?.() ?? ROOT;
  if (group !== ROOT && asker.groups.includes(group)) return;
  throw new MaestroError("auth.denied", `a connection of uid ${asker.uid}: neither root, nor this launcher's user, nor of its group`);
}

function connectedBy(fd: number): { readonly uid: number; readonly groups: readonly number[] } | null {
  try {
    const { uid, gid } = peerCredentials(fd);
    return { uid, groups: [gid, ...peerGroups(fd)] };
  } catch (error) {
    if (error instanceof SyscallError && error.errno === ERRNO.ENOTSOCK) return null;
    throw error;
  }
}
