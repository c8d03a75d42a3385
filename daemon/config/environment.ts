/** The one place of the daemon that reads the process environment. */
import { locationsOf, type LocationOverrides, type Locations } from "../../proto/locations.ts";

/** Where this daemon's things are; what the command line gave comes first. */
export function ownLocations(given: LocationOverrides = {}): Locations {
  return locationsOf(process.env, given);
}

/** A listening socket of the service manager: its descriptor, and its name there (FileDescriptorName=). */
export interface InheritedSocket {
  readonly fd: number;
  readonly name: string;
}

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_INHERITED_FD = 3;

/** What the service manager handed to this process, in its order (sd_listen_fds_with_names(3)); empty where it handed over nothing, or to another process. */
export function inheritedSockets(): readonly InheritedSocket[] {
  const count = Number(process.env["LISTEN_FDS"]);
  if (Number(process.env["LISTEN_PID"]) !== process.pid || !Number.isInteger(count) || count < 1) return [];
  const names = (process.env["LISTEN_FDNAMES"] ?? "").split(":");
  return Array.from({ length: count }, (_, i) => ({ fd: FIRST_INHERITED_FD + i, name: names[i] || "unknown" }));
}

/** Where the service manager wants to hear of this process, and how often (sd_notify(3), sd_watchdog_enabled(3)). */
export interface NotifySettings {
  /** A path, or an abstract name after `@`; null where nobody listens. */
  readonly address: string | null;
  /** The process is killed when it says nothing for this long; null where it is not watched. */
  readonly watchdog_ms: number | null;
}

export function notifySettings(): NotifySettings {
  const address = process.env["NOTIFY_SOCKET"] ?? "";
  const watchdog_us = Number(process.env["WATCHDOG_USEC"]);
  const watched_pid = process.env["WATCHDOG_PID"];
  const watched = Number.isInteger(watchdog_us) && watchdog_us > 0 && (watched_pid === undefined || Number(watched_pid) === process.pid);
  return { address: /^[/@]./.test(address) ? address : null, watchdog_ms: watched ? watchdog_us / 1000 : null };
}

/** One variable, for a name that its owner exports; null where it is not set. */
export function environmentOf(name: string): string | null {
  return process.env[name] ?? null;
}

/** Everything a program of the user's own inherits, but these. */
export function environmentWithout(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined || names.includes(name) ? [] : [[name, value]])));
}
