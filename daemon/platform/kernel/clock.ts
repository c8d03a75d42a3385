/** Clocks that Bun does not read (clock_gettime(2)). */
import { checked, libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
const CLOCK_BOOTTIME = 7;

/** Microseconds of the machine's monotonic clock, whose origin all processes share (clock_gettime(2)). */
export function machineMonotonicUs(): bigint {
  const timespec = new BigInt64Array(2);
  checked("clock_gettime(CLOCK_MONOTONIC)", libc().clock_gettime(CLOCK_MONOTONIC, timespec));
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return seconds * 1_000_000n + nanoseconds / 1_000n;
}

/** Milliseconds since the machine booted, suspended time included; nobody can set this clock (clock_gettime(2)). */
export function boottimeMs(): number {
  const timespec = new BigInt64Array(2);
  checked("clock_gettime(CLOCK_BOOTTIME)", libc().clock_gettime(CLOCK_BOOTTIME, timespec));
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}
