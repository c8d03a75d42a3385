/** Where the daemon's socket is, and whether it may be spoken to. */
import { lstatSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { MaestroError } from "./error.ts";

/** Of a service; root makes this folder, so whoever owns it is who root chose. */
const SYSTEM_FOLDER = "/run/maestro";
const SYSTEM_SOCKET = `${SYSTEM_FOLDER}/gate.sock`;
/** `sun_path` of sockaddr_un holds 108 bytes with the closing NUL (unix(7)). */
const PATH_BYTES_MAX = 107;
const GROUP_AND_OTHERS_WRITE = 0o022;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Names and values, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the command line looks too: MAESTRO_SOCKET, the host's daemon, else the caller's own. Pass `process.env`. Throws `cli.usage`. */
export function socketPath(env: Environment): string {
  const { MAESTRO_SOCKET, MAESTRO_STATE, XDG_STATE_HOME, XDG_RUNTIME_DIR, HOME } = env;
  if (MAESTRO_SOCKET !== undefined) return MAESTRO_SOCKET;
  if (MAESTRO_STATE !== undefined) return `${MAESTRO_STATE}/maestrod.sock`;
  if (statOf(SYSTEM_SOCKET) !== null) return SYSTEM_SOCKET;
  if (XDG_RUNTIME_DIR?.startsWith("/") === true) return `${XDG_RUNTIME_DIR}/maestro/maestrod.sock`;
  const state = XDG_STATE_HOME?.startsWith("/") === true ? XDG_STATE_HOME : HOME?.startsWith("/") === true ? `${HOME}/.local/state` : null;
  if (state === null) throw new MaestroError("cli.usage", "no absolute state folder: set HOME, XDG_STATE_HOME or MAESTRO_SOCKET");
  return `${state}/maestro/maestrod.sock`;
}

/** Throws `socket.path_too_long` for what bind(2) would cut short, and `cli.usage` for a relative path. */
export function checkPath(path: string): void {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new MaestroError("socket.path_too_long", `${path} has ${Buffer.byteLength(path)} bytes`);
  if (!path.startsWith("/") || path.includes("\0")) throw new MaestroError("cli.usage", `socket path ${JSON.stringify(path)} is not absolute`);
}

/** Before a byte is sent: the socket belongs to this user, to root, to the host's daemon or to one of `trusted_uids`, and nobody else can swap it. */
export function checkOwner(path: string, trusted_uids: readonly number[]): void {
  const socket = statOf(path);
  if (socket === null) throw new MaestroError("daemon.unreachable", `nothing lies at ${path}`);
  if (!socket.isSocket()) throw new MaestroError("daemon.foreign_socket", `${path} is not a socket`);
  const trusted = [process.getuid?.() ?? -1, 0, ...trusted_uids, ...systemUids(path)];
  if (!trusted.includes(socket.uid)) throw new MaestroError("daemon.foreign_socket", `${path} belongs to uid ${socket.uid}`);
  const mode = statOf(dirname(path))?.mode ?? OTHERS_WRITE;
  if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) throw new MaestroError("daemon.foreign_socket", `anyone may replace files in ${dirname(path)}`);
}

function systemUids(path: string): number[] {
  const [own, parent] = [statOf(SYSTEM_FOLDER), statOf(dirname(SYSTEM_FOLDER))];
  if (dirname(path) !== SYSTEM_FOLDER || own === null || parent === null) return [];
  const vouched = parent.uid === 0 && (parent.mode & GROUP_AND_OTHERS_WRITE) === 0 && own.isDirectory() && (own.mode & GROUP_AND_OTHERS_WRITE) === 0;
  return vouched ? [own.uid] : [];
}

/** Links are not followed. Null where nothing lies there; throws `auth.denied` where this user may not look. */
function statOf(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    if (code === "EACCES") throw new MaestroError("auth.denied", `${path} lies in a folder closed to this user`, { cause });
    if (code === "ENOTDIR") return null;
    throw cause;
  }
}
