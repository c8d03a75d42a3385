/** Below this there is nothing left for connections: store, log, pipes of check processes and git need about 40. */
export const DESCRIPTORS_MIN = 64;
/** Kept for files and child processes, or a quarter of all where that is more. */
const RESERVED_MIN = 48;
/** Two of three descriptors that are left are for connections, the third is for saying that there is no room for more. */
export const CONNECTIONS_SHARE = 2 / 3;

/** How many descriptors a process may hold (RLIMIT_NOFILE, soft), by its `/proc/PID/limits`; null where that does not say. */
export function softLimitIn(limits: string): number | null {
  const soft = /^Max open files +([0-9]+) /m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}

/** What is left of the descriptors beside files and children. */
export const freeDescriptors = (descriptors: number): number => descriptors - Math.max(RESERVED_MIN, Math.floor(descriptors / 4));

/** Connections of all sockets together: at RLIMIT_NOFILE Bun spins in accept and new clients hang, so what is configured is lowered until it fits. */
export function connectionsThatFit(configured: number, descriptors: number): number {
  return Math.max(1, Math.min(configured, Math.floor(freeDescriptors(descriptors) * CONNECTIONS_SHARE)));
}

/** What an operator should know of a number that does not fit. */
export const loweredBecause = (configured: number, fit: number, descriptors: number): string => `connections_max is ${configured}, but with ${descriptors} open files (RLIMIT_NOFILE) only ${fit} fit; raise LimitNOFILE= of the unit, or ulimit -n`;
