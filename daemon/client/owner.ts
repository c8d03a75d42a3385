import { MaestroError } from "../../proto/errors.ts";
import { SYSTEM_FOLDER } from "../../proto/locations.ts";
import { isFolder, isSocket, type Lying, lyingAt, lyingAtOrNull } from "./lie.ts";

const GROUP_AND_OTHERS_WRITE = 0o022;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Of an absolute path; `node:path` takes a millisecond to load. */
const dirname = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/**
 * The user the host's daemon runs as. Root alone makes folders in `/run`, so whoever owns the system folder is who root chose;
 * for a path anywhere else nobody vouches. `folder` is the system folder.
 */
export function systemUids(path: string, folder = SYSTEM_FOLDER): number[] {
  if (dirname(path) !== folder) return [];
  const [own, parent] = [lyingAtOrNull(folder), lyingAtOrNull(dirname(folder))];
  const vouched = parent !== null && parent.uid === 0 && (parent.mode & GROUP_AND_OTHERS_WRITE) === 0 && own !== null && isFolder(own) && (own.mode & GROUP_AND_OTHERS_WRITE) === 0;
  return vouched ? [own.uid] : [];
}

/**
 * Before a byte is sent: the socket must belong to this user, to root or to
 * one the operator named, in a folder where nobody else can swap it.
 * Throws `daemon.unreachable` where nothing lies there, `auth.denied` where this
 * user may not look, else `daemon.foreign_socket`.
 */
export function checkSocketOwner(path: string, trusted_uids: readonly number[]): void {
  const socket = existing(path);
  if (!isSocket(socket)) throw new MaestroError("daemon.foreign_socket", `${path} is not a socket`);
  if (!trusted_uids.includes(socket.uid)) throw new MaestroError("daemon.foreign_socket", `${path} belongs to uid ${socket.uid}`);
  const folder = dirname(path);
  const { mode } = existing(folder);
  if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) throw new MaestroError("daemon.foreign_socket", `anyone may replace files in ${folder}`);
}

function existing(path: string): Lying {
  try {
    return lyingAt(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EACCES") throw new MaestroError("auth.denied", `${path} lies in a folder closed to this user`, { cause });
    throw new MaestroError("daemon.unreachable", `${path} cannot be reached`, { cause });
  }
}

/** This user and root. */
export function ownUids(): number[] {
  return [process.getuid?.() ?? -1, 0];
}
