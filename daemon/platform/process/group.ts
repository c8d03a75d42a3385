import { errno } from "../kernel/errno.ts";

/**
 * Sends SIGKILL to every process of the group `pgid`. A group that is already gone is what
 * was asked for; any other refusal (EPERM) is thrown, because then something still runs.
 */
export function killGroup(pgid: number): void {
  if (!Number.isInteger(pgid) || pgid <= 1) throw new RangeError(`not a process group of ours: ${pgid}`);
  try {
    process.kill(-pgid, "SIGKILL");
  } catch (error) {
    if (errno(error) !== "ESRCH") throw error;
  }
}
