/** Binding the daemon's socket, or adopting the one systemd already holds. */
import { chmodSync, chownSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import net, { type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { AF_UNIX, SO, SOCK_STREAM, socketOption } from "../kernel/socket.ts";
import { closeOnExec } from "../kernel/descriptor.ts";
import { checkSocketPath } from "../../../proto/locations.ts";

const PROBE_DEADLINE_MS = 500;
const BACKLOG = 511;
const OWNER = 0o700;

export interface ListenOptions {
  /** Where to bind. The caller holds the state lock, so only one daemon gets here. */
  readonly path: string;
  /** Permission bits of the socket; owner only unless told otherwise. */
  readonly mode?: number;
  /** Group of the socket; that of the process unless told otherwise. */
  readonly gid?: number;
  /** A descriptor the service manager listens on already; it is served instead of `path`. */
  readonly inherited?: { readonly fd: number };
}

export interface Listening {
  readonly server: Server;
  /** `null` for an inherited socket, which belongs to the service manager and stays. */
  readonly path: string | null;
  /** Stops accepting and removes the file, if it is still ours. */
  close(): void;
}

/**
 * Returns once connections are accepted; each is handed to `accept`.
 * Throws `socket.path_too_long`, `socket.occupied`, `daemon.listener`.
 */
export async function listen(options: ListenOptions, accept: (socket: Socket) => void): Promise<Listening> {
  const server = net.createServer(accept);
  if (options.inherited !== undefined) {
    await adopt(server, options.inherited.fd);
    return { server, path: null, close: () => void server.close() };
  }
  checkSocketPath(options.path);
  await refuseOccupied(options.path);
  await bind(server, options.path, options.mode ?? 0o600, options.gid);
  const bound = lstatSync(options.path);
  return {
    server,
    path: options.path,
    close() {
      unlinkIfSame(options.path, bound);
      server.close();
    },
  };
}

/** `net.Server` is the only server of Bun that honours a descriptor; the check says so if that changes. */
async function adopt(server: Server, fd: number): Promise<void> {
  const unix = socketOption(fd, SO.domain) === AF_UNIX && socketOption(fd, SO.type) === SOCK_STREAM;
  if (!unix || socketOption(fd, SO.acceptconn) !== 1) {
    throw new MaestroError("daemon.listener", `descriptor ${fd} is not a listening Unix stream socket`);
  }
  closeOnExec(fd);
  await listening(server, () => server.listen({ fd }));
}

/**
 * Binds under a name of its own and renames: clients never find the path
 * missing or half made, a dead daemon's socket is replaced in the same step,
 * and Bun, which on close unlinks the name it bound whatever lies there by
 * then, cannot remove another process's socket.
 */
async function bind(server: Server, path: string, mode: number, gid: number | undefined): Promise<void> {
  const birth = join(dirname(path), `.${process.pid}`);
  checkSocketPath(birth);
  if (lstatSync(birth, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(birth);
  await listening(server, () => {
    const before = process.umask(0o777 & ~(gid === undefined ? mode : mode & OWNER));
    try {
      // bind(2) happens inside this call, so no other file is created under this umask.
      server.listen({ path: birth, backlog: BACKLOG });
    } finally {
      process.umask(before);
    }
  });
  // Nobody of the wrong group gets to see it: it has its group before the group may open it, and its name after both.
  if (gid !== undefined) giveTo(birth, mode, gid);
  const got = lstatSync(birth).mode & 0o777;
  if (got !== mode) {
    server.close();
    throw new MaestroError("daemon.listener", `the socket has mode ${got.toString(8)}, expected ${mode.toString(8)}`);
  }
  renameSync(birth, path);
}

/** Throws `daemon.listener` where this process may not give the group away (chown(2): it is neither root nor a member). */
function giveTo(path: string, mode: number, gid: number): void {
  try {
    chownSync(path, process.getuid?.() ?? -1, gid);
    chmodSync(path, mode);
  } catch (cause) {
    throw new MaestroError("daemon.listener", `the socket cannot be given to group ${gid}`, { cause });
  }
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    start();
  });
}

/** A killed daemon leaves its socket file, which may be replaced; a living one's, or any other file, may not. */
async function refuseOccupied(path: string): Promise<void> {
  const lying = lstatSync(path, { throwIfNoEntry: false });
  if (lying === undefined) return;
  if (!lying.isSocket()) throw new MaestroError("socket.occupied", `${path} is not a socket`);
  if (await answers(path)) throw new MaestroError("socket.occupied", `another process listens on ${path}`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = net.connect(path);
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      probe.destroy();
      outcome();
    };
    // A full backlog neither connects nor refuses: somebody is there.
    const timer = setTimeout(() => settle(() => resolve(true)), PROBE_DEADLINE_MS);
    probe.once("connect", () => settle(() => resolve(true)));
    probe.once("error", (cause: NodeJS.ErrnoException) =>
      settle(() => {
        if (cause.code === "ECONNREFUSED" || cause.code === "ENOENT") resolve(false);
        else if (cause.code === "EAGAIN") resolve(true);
        else reject(new MaestroError("socket.occupied", `${path} could not be probed`, { cause }));
      }),
    );
  });
}

function unlinkIfSame(path: string, mine: { readonly dev: number; readonly ino: number }): void {
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now !== undefined && now.dev === mine.dev && now.ino === mine.ino) unlinkSync(path);
}
