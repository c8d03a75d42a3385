/** One server for each socket of the operator's, every role with its own share of the connections. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { InheritedSocket } from "../config/environment.ts";
import { connectionsMax } from "../platform/socket/descriptors.ts";
import { groupNumber } from "../platform/groups.ts";
import type { SocketServer } from "../platform/socket/index.ts";
import type { SocketEntry, SocketRole } from "../../proto/tenant.ts";
import { serveApi, type ServeOptions } from "./index.ts";

const DEFAULT_MODE: Readonly<Record<SocketRole, string>> = { admin: "0600", gate: "0660", verify: "0666", witness: "0660" };
/** Of all connections, in parts: whoever floods one socket leaves the others their own. */
const SHARE: Readonly<Record<SocketRole, number>> = { admin: 1, gate: 5, verify: 2, witness: 1 };

export interface SocketsOptions extends Omit<ServeOptions, "listen" | "role"> {
  /** Where the one socket lies if the operator named none. */
  readonly path: string;
  readonly sockets: readonly SocketEntry[];
  readonly inherited: readonly InheritedSocket[];
}

/** The servers of one daemon, ended together. */
export class Sockets {
  constructor(
    private readonly servers: readonly SocketServer[],
    /** Where each of them is found, for the log. */
    readonly places: readonly string[],
  ) {}

  get connectionCount(): number {
    return this.servers.reduce((sum, server) => sum + server.connectionCount, 0);
  }

  /** See `SocketServer.stop`. */
  async stop(drain_ms: number): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop(drain_ms)));
  }
}

/** A descriptor named after a role is served for it; a service manager that names none hands over the socket for everything. */
function inheritedFor(role: SocketRole, inherited: readonly InheritedSocket[], alone: boolean): InheritedSocket | undefined {
  return inherited.find(({ name }) => name === role) ?? (alone ? inherited[0] : undefined);
}

function listenOf({ path, role, mode, group }: SocketEntry, inherited: InheritedSocket | undefined): ServeOptions["listen"] {
  if (inherited !== undefined) return { path, inherited };
  const gid = group === undefined ? null : groupNumber(group);
  const folder = dirname(path);
  if (!existsSync(folder)) throw new MaestroError("config.malformed", `sockets: ${path}: the folder ${folder} is not there; the unit or the operator makes it`);
  if (group !== undefined && gid === null) throw new MaestroError("config.malformed", `sockets: ${path}: this machine has no group ${group}`);
  return { path, mode: Number.parseInt(mode ?? DEFAULT_MODE[role], 8), ...(gid === null ? {} : { gid }) };
}

function placeOf({ path, inherited }: ServeOptions["listen"], found: InheritedSocket | undefined): string {
  return inherited === undefined ? path : `descriptor ${inherited.fd} (${found?.name ?? "unknown"})`;
}

/** Serves the one socket for everything, or the operator's own by role. Throws what `serveApi` throws, and `config.malformed` for a folder or group that is not there. */
export async function serveSockets({ path, sockets, inherited, ...options }: SocketsOptions): Promise<Sockets> {
  const total = connectionsMax(options.limits.connections_max);
  const weight = sockets.reduce((sum, { role }) => sum + SHARE[role], 0);
  const servers: SocketServer[] = [];
  const places: string[] = [];
  const serve = async (entry: SocketEntry, alone: boolean, connections_max: number): Promise<void> => {
    // One user's part of a share is what it is of the whole, so that a flood of one leaves the others of the same socket room.
    const connections_per_uid_max = Math.max(1, Math.floor((connections_max * options.limits.connections_per_uid_max) / options.limits.connections_max));
    const found = inheritedFor(entry.role, inherited, alone);
    const listen = listenOf(entry, found);
    servers.push(await serveApi({ ...options, role: entry.role, limits: { ...options.limits, connections_max, connections_per_uid_max }, listen }));
    places.push(placeOf(listen, found));
  };
  try {
    if (sockets.length === 0) await serve({ path, role: "admin" }, true, options.limits.connections_max);
    for (const entry of sockets) await serve(entry, sockets.length === 1, Math.max(1, Math.floor((total * SHARE[entry.role]) / weight)));
  } catch (error) {
    await new Sockets(servers, places).stop(0);
    throw error;
  }
  return new Sockets(servers, places);
}
