import { readFileSync } from "node:fs";
import type { ServerLimits } from "../../../proto/config.ts";
import { CONNECTIONS_SHARE, connectionsThatFit, DESCRIPTORS_MIN, freeDescriptors, loweredBecause, softLimitIn } from "../../../proto/descriptors.ts";
import { MaestroError } from "../../../proto/errors.ts";

/** The kernel's own default soft limit (INR_OPEN_CUR); assumed where /proc does not say. */
const SOFT_LIMIT_UNKNOWN = 1024;
/** A daemon serves up to three sockets, one per role, each with refusals of its own under way. */
const SOCKETS_MAX = 3;

/** How many descriptors this process may hold (RLIMIT_NOFILE, soft). */
export function descriptorsMax(limits = readFileSync("/proc/self/limits", "utf8")): number {
  return softLimitIn(limits) ?? SOFT_LIMIT_UNKNOWN;
}

export interface ConnectionBudget {
  readonly connections_max: number;
  readonly connections_per_uid_max: number;
  /** Connections that are being told that there is no room; above it they are told and cut off at once. */
  readonly lingering_max: number;
  /** What an operator should know of it; null where the configured number fits. */
  readonly lowered_because: string | null;
}

/** As `connectionsThatFit`, into this process. */
export function connectionsMax(configured: number, descriptors = descriptorsMax()): number {
  return connectionsThatFit(configured, descriptors);
}

/** How many connections one socket may have open at once. Throws `daemon.listener` where nothing fits. */
export function connectionBudget(limits: Pick<ServerLimits, "connections_max" | "connections_per_uid_max">, descriptors = descriptorsMax()): ConnectionBudget {
  if (descriptors < DESCRIPTORS_MIN) {
    throw new MaestroError("daemon.listener", `this process may open ${descriptors} files (RLIMIT_NOFILE) and needs ${DESCRIPTORS_MIN}; raise LimitNOFILE= of the unit, or ulimit -n`);
  }
  const connections_max = connectionsMax(limits.connections_max, descriptors);
  const lowered = connections_max < limits.connections_max;
  // One user's flood must leave room for the operator, however few there are.
  const three_quarters = Math.max(1, Math.floor((connections_max * 3) / 4));
  return {
    connections_max,
    connections_per_uid_max: lowered ? Math.min(limits.connections_per_uid_max, three_quarters) : limits.connections_per_uid_max,
    lingering_max: Math.max(1, Math.floor((freeDescriptors(descriptors) * (1 - CONNECTIONS_SHARE)) / SOCKETS_MAX)),
    lowered_because: lowered ? loweredBecause(limits.connections_max, connections_max, descriptors) : null,
  };
}
