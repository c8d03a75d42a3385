/** Where a log is read from: a folder of files, or a daemon's socket. Both give the same files under the same paths. */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { concatBytes } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { isSocket, lyingAtOrNull } from "../../client/lie.ts";
import { systemUids } from "../../client/owner.ts";
import { SocketClient } from "../../client/socket.ts";
import { TileFault, type ReadLogFile } from "../../verifier/log/reader.ts";
import { textOf, type Values } from "../command.ts";
import { locate } from "../connect.ts";
import { tokenHeaders } from "../token-file.ts";

export interface LogSource {
  /** For a person: where it is read from. */
  readonly place: string;
  readonly read: ReadLogFile;
}

/** An entry bundle has 256 entries of at most 65,535 bytes. */
const FILE_BYTES_MAX = 256 * 65_537;
const PART_BYTES = 1024 * 1024;

const isAbsent = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

/** At most so many bytes, whatever the file says it has: one of the kernel's own says nothing, and has no end. */
function readBounded(fd: number, bytes_max: number): Uint8Array | null {
  const parts: Uint8Array[] = [];
  for (let size = 0; ; ) {
    const part = new Uint8Array(Math.min(PART_BYTES, bytes_max + 1 - size));
    const read = readSync(fd, part);
    if (read === 0) return concatBytes(...parts);
    size += read;
    if (size > bytes_max) return null;
    parts.push(part.subarray(0, read));
  }
}

/** A file of a folder that somebody else filled: a link may lead out of it, a pipe may never end. Throws `TileFault` for what is no file of a log. */
function fileIn(root: string, name: string): Uint8Array | null {
  const asked = join(root, name);
  let fd: number;
  try {
    const path = realpathSync(asked);
    if (!path.startsWith(root + sep)) throw new TileFault(`${name} is a link out of the folder`);
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) throw new TileFault(`${name} is no file`);
    const bytes = readBounded(fd, FILE_BYTES_MAX);
    if (bytes === null) throw new TileFault(`${name} has more than ${FILE_BYTES_MAX} bytes, more than any file of a log`);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function folder(path: string): LogSource {
  const root = realpathSync(path);
  return { place: path, read: async (name) => fileIn(root, name) };
}

function socket(path: string, values: Values): LogSource {
  const token = textOf(values, "token-file") ?? process.env["MAESTRO_TOKEN_FILE"];
  const client = new SocketClient(path, { headers: token === undefined ? {} : tokenHeaders(token), trusted_uids: systemUids(path) });
  return { place: path, read: (name) => client.logFile(name) };
}

/** A folder that holds a checkpoint, or a state folder that holds such a one. */
function folderAt(path: string): LogSource | null {
  const place = [path, join(path, "log")].find((at) => existsSync(join(at, "checkpoint")));
  return place === undefined ? null : folder(place);
}

/** What `--log` names; without it the daemon that runs, else the files in the state folder. Throws `cli.usage`. */
export async function logSource(values: Values): Promise<LogSource> {
  const named = textOf(values, "log");
  if (named !== undefined) {
    const lying = lyingAtOrNull(named);
    const source = lying !== null && isSocket(lying) ? socket(named, values) : folderAt(named);
    if (source === null) throw new MaestroError("cli.usage", `${named} is neither a folder with a checkpoint nor a daemon's socket`);
    return source;
  }
  const { socket_path, state_dir } = locate(values);
  const lying = lyingAtOrNull(socket_path);
  const source = lying === null ? folderAt(state_dir) : socket(socket_path, values);
  if (source === null) throw new MaestroError("daemon.unreachable", `nothing lies at ${socket_path}, and ${state_dir} holds no log; name one with --log`);
  return source;
}
