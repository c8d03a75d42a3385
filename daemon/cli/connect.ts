/** Finds the daemon, or starts a private one where that was asked for or is safe to assume. */
import { existsSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { EXIT, MaestroError } from "../../proto/errors.ts";
import { locationsOf, SYSTEM_SOCKET, type Locations } from "../../proto/locations.ts";
import { MaestroClient } from "../client/maestro.ts";
import { systemUids } from "../client/owner.ts";
import { textOf, type Values } from "./command.ts";
import { note } from "./output.ts";
import { tokenHeaders } from "./token-file.ts";

const START_DEADLINE_MS = 15_000;
/** How long another instance of the same state may take until its socket answers. */
const OTHER_DEADLINE_MS = 3_000;
/** Past it a private daemon starts with a new file; one older is kept. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const PROBE_INTERVAL_MS = 20;

/** Whether the user said which daemon is meant; where not, the host's own comes first. */
function named(values: Values): boolean {
  const { MAESTRO_SOCKET, MAESTRO_STATE } = process.env;
  return [values["socket"], values["state"], MAESTRO_SOCKET, MAESTRO_STATE].some((word) => word !== undefined) || values["embedded"] === true;
}

export function locate(values: Values): Locations {
  const system = !named(values) && existsSync(SYSTEM_SOCKET) ? SYSTEM_SOCKET : undefined;
  return locationsOf(process.env, { state_dir: textOf(values, "state"), socket_path: textOf(values, "socket") ?? system });
}

/** A client of the daemon that is running; `daemon.unreachable` where none is. */
export function connect(values: Values): { client: MaestroClient; locations: Locations } {
  const locations = locate(values);
  const file = textOf(values, "token-file") ?? process.env["MAESTRO_TOKEN_FILE"];
  const headers = file === undefined ? {} : tokenHeaders(file);
  return { client: new MaestroClient(locations.socket_path, { headers, trusted_uids: systemUids(locations.socket_path) }), locations };
}

/**
 * A running daemon, or an embedded one. In CI, or where a host configuration
 * stands, nothing falls back to a daemon that signs for itself: there
 * `--embedded` must be asked for by name.
 */
export async function connectOrStart(values: Values): Promise<{ client: MaestroClient; locations: Locations }> {
  const { client, locations } = connect(values);
  if (await client.answers()) return { client, locations };
  const operated = (process.env["CI"] ?? "") !== "" || existsSync(locations.host_config_path);
  if (values["embedded"] !== true && operated) {
    throw new MaestroError("daemon.unreachable", `nothing answers on ${locations.socket_path}; ask for --embedded by name to gate without the host's daemon`);
  }
  await startEmbedded(client, locations);
  return { client, locations };
}

/** The private daemon's log, in a state folder that is made if need be. Throws `store.folder`. */
function openLog(state_dir: string): number {
  try {
    mkdirSync(state_dir, { recursive: true, mode: 0o700 });
    const path = `${state_dir}/maestrod.log`;
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
    return openSync(path, "a", 0o600);
  } catch (error) {
    throw new MaestroError("store.folder", error instanceof Error ? error.message : state_dir, { cause: error });
  }
}

async function startEmbedded(client: MaestroClient, locations: Locations): Promise<void> {
  note("maestro: starting a private daemon (mode local)");
  const log = openLog(locations.state_dir);
  // A package holds the daemon in one file, which is up in half the time; a clone, whose source may change, does not.
  const [main = "", source = ""] = ["../../run/maestrod.js", "../main.ts"].map((program) => new URL(program, import.meta.url).pathname);
  const daemon = Bun.spawn([process.execPath, existsSync(main) ? main : source, "--embedded", "--state", locations.state_dir, "--socket", locations.socket_path], {
    cwd: "/",
    detached: true,
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  daemon.unref();
  let left_ms = START_DEADLINE_MS;
  for (; left_ms > 0; left_ms -= PROBE_INTERVAL_MS) {
    if (await client.answers()) return;
    if (daemon.exitCode !== null && daemon.exitCode !== EXIT.another_instance) break;
    // Another instance won the race (75): it is starting, or it serves another socket and will not come.
    if (daemon.exitCode === EXIT.another_instance) left_ms = Math.min(left_ms, OTHER_DEADLINE_MS);
    await Bun.sleep(PROBE_INTERVAL_MS);
  }
  if (daemon.exitCode === EXIT.another_instance) {
    throw new MaestroError("daemon.another_instance", `the daemon of ${locations.state_dir} does not answer on ${locations.socket_path}; name its socket with --socket`);
  }
  const why = daemon.exitCode === null ? `it did not answer within ${START_DEADLINE_MS} ms` : `it ended with exit code ${daemon.exitCode}`;
  throw new MaestroError("daemon.unreachable", `${why}; see ${locations.state_dir}/maestrod.log`);
}
