/** Finds the daemon, or starts a private one where that was asked for or is safe to assume. */
import { MaestroError } from "../../proto/errors.ts";
import { locationsOf, SYSTEM_SOCKET, type Locations } from "../../proto/locations.ts";
import { MaestroClient } from "../client/maestro.ts";
import type { ClientOptions } from "../client/socket.ts";
import { lyingAtOrNull } from "../client/lie.ts";
import { systemUids } from "../client/owner.ts";
import { textOf, type Values } from "./command.ts";
import { tokenHeaders } from "./token-file.ts";

/** Whether the user said which daemon is meant; where not, the host's own comes first. */
function named(values: Values): boolean {
  const { MAESTRO_SOCKET, MAESTRO_STATE } = process.env;
  return [values["socket"], values["state"], MAESTRO_SOCKET, MAESTRO_STATE].some((word) => word !== undefined) || values["embedded"] === true;
}

export function locate(values: Values): Locations {
  const system = !named(values) && lyingAtOrNull(SYSTEM_SOCKET) !== null ? SYSTEM_SOCKET : undefined;
  return locationsOf(process.env, { state_dir: textOf(values, "state"), socket_path: textOf(values, "socket") ?? system });
}

/** As whom, and to whose daemon, this command speaks. */
export function speaking(values: Values): { locations: Locations; options: ClientOptions } {
  const locations = locate(values);
  const file = textOf(values, "token-file") ?? process.env["MAESTRO_TOKEN_FILE"];
  const headers = file === undefined ? {} : tokenHeaders(file);
  return { locations, options: { headers, trusted_uids: systemUids(locations.socket_path) } };
}

/** A client of the daemon that is running; `daemon.unreachable` where none is. */
export function connect(values: Values): { client: MaestroClient; locations: Locations } {
  const { locations, options } = speaking(values);
  return { client: new MaestroClient(locations.socket_path, options), locations };
}

/**
 * A running daemon, or an embedded one. In CI, or where a host configuration
 * stands, nothing falls back to a daemon that signs for itself: there
 * `--embedded` must be asked for by name.
 */
export async function connectOrStart(values: Values): Promise<{ client: MaestroClient; locations: Locations }> {
  const { client, locations } = connect(values);
  const running = await client.answers();
  const config = process.env["MAESTRO_CONFIG"] ?? "";
  if (values["embedded"] === true && config !== "" && lyingAtOrNull(config) !== null) (await import("./ignored-config.ts")).sayIgnored(config, locations.state_dir, running);
  if (running) return { client, locations };
  const operated = (process.env["CI"] ?? "") !== "" || lyingAtOrNull(locations.host_config_path) !== null;
  if (values["embedded"] !== true && operated) {
    throw new MaestroError("daemon.unreachable", `nothing answers on ${locations.socket_path}; ask for --embedded by name to gate without the host's daemon`);
  }
  await (await import("./embedded.ts")).startEmbedded(client, locations);
  return { client, locations };
}
