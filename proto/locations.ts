import { MaestroError } from "./errors.ts";

/** `sun_path` of sockaddr_un holds 108 bytes including the closing NUL (unix(7)). */
export const SOCKET_PATH_BYTES_MAX = 107;

/** The host's daemon, where the operator installed one: a folder that root made, and the sockets in it. */
export const SYSTEM_FOLDER = "/run/maestro";
export const SYSTEM_SOCKET = `${SYSTEM_FOLDER}/gate.sock`;

/** Where things are on this machine: the daemon and its clients must agree without talking. */
export interface Locations {
  readonly state_dir: string;
  readonly socket_path: string;
  readonly host_config_path: string;
  /** The operator's published trust file, for `maestro verify` without --trust. */
  readonly trust_path: string;
}

export interface LocationOverrides {
  readonly state_dir?: string | undefined;
  readonly socket_path?: string | undefined;
  readonly host_config_path?: string | undefined;
}

/**
 * Refuses what bind(2) would cut short or take for something else: a relative
 * path, and a leading NUL, which would name an abstract socket that has no
 * owner and no permissions.
 */
export function checkSocketPath(path: string): void {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > SOCKET_PATH_BYTES_MAX) throw new MaestroError("socket.path_too_long", `${path} has ${bytes} bytes`);
  if (!path.startsWith("/") || path.includes("\0")) throw new MaestroError("cli.usage", `socket path ${JSON.stringify(path)} is not absolute`);
}

type Environment = Readonly<Record<string, string | undefined>>;

const absolute = (path: string | undefined): path is string => path !== undefined && path.startsWith("/");

/**
 * XDG base directories (specification 0.8: relative values are ignored). The
 * socket lies in the state folder unless a runtime folder exists for the user
 * and the state folder is the default one.
 */
export function locationsOf(env: Environment, given: LocationOverrides = {}): Locations {
  const home = env["HOME"];
  const base = absolute(env["XDG_STATE_HOME"]) ? env["XDG_STATE_HOME"] : absolute(home) ? `${home}/.local/state` : undefined;
  const named = given.state_dir ?? env["MAESTRO_STATE"];
  const state_dir = named ?? (base === undefined ? undefined : `${base}/maestro`);
  if (!absolute(state_dir)) {
    throw new MaestroError("cli.usage", "no absolute state folder: set HOME or XDG_STATE_HOME, or give --state /absolute/path");
  }
  const runtime = env["XDG_RUNTIME_DIR"];
  const by_default = named === undefined && absolute(runtime) ? `${runtime}/maestro/maestrod.sock` : `${state_dir}/maestrod.sock`;
  const socket_path = given.socket_path ?? env["MAESTRO_SOCKET"] ?? by_default;
  checkSocketPath(socket_path);
  return {
    state_dir,
    socket_path,
    host_config_path: given.host_config_path ?? env["MAESTRO_CONFIG"] ?? "/etc/maestro/maestrod.yaml",
    trust_path: `${state_dir}/trust.json`,
  };
}
