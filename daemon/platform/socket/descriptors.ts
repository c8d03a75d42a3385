import { readFileSync } from "node:fs";

/** The kernel's own default soft limit (INR_OPEN_CUR); assumed where /proc does not say. */
const SOFT_LIMIT_UNKNOWN = 1024;

/** How many descriptors this process may hold (RLIMIT_NOFILE, soft). */
export function descriptorsMax(limits = readFileSync("/proc/self/limits", "utf8")): number {
  const soft = /^Max open files +([0-9]+) /m.exec(limits)?.[1];
  return soft === undefined ? SOFT_LIMIT_UNKNOWN : Number(soft);
}

/**
 * Connections that may be open at once. At RLIMIT_NOFILE Bun spins in accept
 * and new clients hang, so half of it stays free for files and children.
 */
export function connectionsMax(configured: number, descriptors = descriptorsMax()): number {
  return Math.max(1, Math.min(configured, Math.floor(descriptors / 2)));
}
