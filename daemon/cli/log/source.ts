/** Where a log is read from: a folder of files, or a daemon's socket. Both give the same files under the same paths. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { isSocket, lyingAtOrNull } from "../../client/lie.ts";
import { systemUids } from "../../client/owner.ts";
import { SocketClient } from "../../client/socket.ts";
import type { ReadLogFile } from "../../verifier/log/reader.ts";
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

function folder(path: string): LogSource {
  return {
    place: path,
    read: async (name) => {
      const file = join(path, name);
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined || !found.isFile()) return null;
      if (found.size > FILE_BYTES_MAX) throw new MaestroError("cli.usage", `${file} has ${found.size} bytes, more than any file of a log`);
      return new Uint8Array(readFileSync(file));
    },
  };
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
