/** Time as the daemon sees it; handed in, so that a test can turn it. */
import { readFileSync } from "node:fs";
import { boottimeMs } from "./kernel/clock.ts";

export interface Clock {
  /** Wall clock: whole milliseconds since 1970 UTC. It may jump either way; use it for what people read and for validity, never to measure. */
  now_ms(): number;
  /** Milliseconds since some fixed point of this process, fractions included; never goes back. For deadlines and rates. */
  monotonic_ms(): number;
  /** Milliseconds since the machine booted, sleep included. Nobody can set it, so it tells a step of the wall clock from time that passed. */
  boottime_ms(): number;
  /** Names the boot that `boottime_ms` counts from; `null` where the kernel does not show it, for example under ProcSubset=pid. */
  boot_id(): string | null;
}

const BOOT_ID_PATH = "/proc/sys/kernel/random/boot_id";

export const systemClock: Clock = {
  now_ms: () => Date.now(),
  monotonic_ms: () => performance.now(),
  boottime_ms: boottimeMs,
  boot_id() {
    try {
      return readFileSync(BOOT_ID_PATH, "utf8").trim();
    } catch (error) {
      if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES")) return null;
      throw error;
    }
  },
};
