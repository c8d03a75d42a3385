/** The one place of the daemon that reads the process environment. */
import { locationsOf, type LocationOverrides, type Locations } from "../../proto/locations.ts";

/** Where this daemon's things are; what the command line gave comes first. */
export function ownLocations(given: LocationOverrides = {}): Locations {
  return locationsOf(process.env, given);
}

/** What the service manager handed over (sd_listen_fds(3)); null where it handed over nothing. */
export function inheritedSocket(): { readonly pid: number; readonly fds: number } | null {
  const pid = Number(process.env["LISTEN_PID"]);
  const fds = Number(process.env["LISTEN_FDS"]);
  return Number.isInteger(pid) && Number.isInteger(fds) && fds > 0 ? { pid, fds } : null;
}
