/** The daemon as a client sees it: socket, answers, descriptors, clock, unit. */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import type { StatusReply } from "../../../proto/api.ts";
import { connectionsThatFit, loweredBecause, softLimitIn } from "../../../proto/descriptors.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Locations } from "../../../proto/locations.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { fail, ok, skip, warn, type Finding } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** Before this no release of Maestro existed: such a clock is wrong. */
const RELEASED_MS = Date.UTC(2026, 0, 1);

export async function daemonFindings(client: MaestroClient, locations: Locations, machine: Machine): Promise<Finding[]> {
  const lying = socket(locations.socket_path);
  const unit = unitFinding(machine);
  if (lying.state !== "ok") return [lying, unit, clock(null)];
  try {
    const status = await client.status();
    const { entries } = await client.config();
    const connections = Number(entries.find(({ key }) => key === "limits.server.connections_max")?.value ?? Number.NaN);
    return [lying, answering(status), reloaded(status), descriptors(status.daemon.pid, connections), unit, clock(status)];
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    return [lying, fail("daemon", `${error.row.sentence} ${error.detail} (${error.code})`, "see maestro logs"), unit, clock(null)];
  }
}

function socket(path: string): Finding {
  if (!existsSync(path)) return warn("socket", `nothing lies at ${path}`, "start maestrod, or run `maestro gate --embedded`, which starts one");
  const found = lstatSync(path);
  if (!found.isSocket()) return fail("socket", `${path} is not a socket`, "remove it if you know what it is, or name another with --socket");
  return ok("socket", `${path}, mode ${(found.mode & 0o777).toString(8)}, uid ${found.uid}`);
}

function answering({ daemon }: StatusReply): Finding {
  const detail = `${daemon.version}, pid ${daemon.pid}, ${daemon.state}, up ${daemon.uptime_s} s`;
  return daemon.state === "degraded" ? fail("daemon", detail, "see maestro status and maestro logs") : ok("daemon", detail);
}

function reloaded({ reload }: StatusReply): Finding {
  if (reload === null) return ok("config", "as read at the start");
  if (reload.result === "refused") return fail("config", `the last reload was refused: ${reload.detail}`, "correct the file, then reload again");
  return reload.needs_restart.length > 0 ? warn("config", `waits for a restart: ${reload.needs_restart.join(", ")}`, "restart maestrod; no request is lost under its socket unit") : ok("config", reload.detail);
}

function descriptors(pid: number, connections_max: number): Finding {
  const path = `/proc/${pid}/limits`;
  return descriptorsFinding(existsSync(path) ? readFileSync(path, "utf8") : "", connections_max);
}

/** By the daemon's own rule: it lowers a number that does not fit, and goes on. */
export function descriptorsFinding(limits: string, connections_max: number): Finding {
  const soft = softLimitIn(limits);
  if (soft === null || Number.isNaN(connections_max)) return skip("descriptors", "the daemon's limits cannot be seen by this user");
  const fit = connectionsThatFit(connections_max, soft);
  return fit === connections_max ? ok("descriptors", `${soft} for ${connections_max} connections`) : warn("descriptors", loweredBecause(connections_max, fit, soft), "raise LimitNOFILE=, or lower limits.server.connections_max");
}

function clock(status: StatusReply | null): Finding {
  if (Date.now() < RELEASED_MS) return fail("clock", `the wall clock says ${new Date().toISOString()}`, "set the clock; run a time service");
  const frozen = status?.clock.frozen ?? null;
  return frozen === null ? ok("clock", new Date().toISOString()) : fail("clock", `it jumped ahead by ${frozen.step_s} s, so log time stands still`, "see maestro clock");
}

function unitFinding(machine: Machine): Finding {
  if (!existsSync("/run/systemd/system") || machine.which("systemctl") === null) return skip("unit", "systemd does not run here");
  const { said } = machine.run(["systemctl", "show", "maestrod.service", "--property=LoadState,ActiveState,SubState,NRestarts"]);
  const property = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(said)?.[1] ?? "";
  if (property("LoadState") !== "loaded") return skip("unit", "maestrod.service is not installed");
  const detail = `maestrod.service is ${property("ActiveState")} (${property("SubState")}), ${property("NRestarts") || 0} restarts`;
  return property("ActiveState") === "failed" ? fail("unit", detail, "see `journalctl -u maestrod`, then `systemctl reset-failed maestrod`") : ok("unit", detail);
}
