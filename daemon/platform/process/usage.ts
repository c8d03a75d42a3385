import { readFileSync } from "node:fs";
import { errno } from "../kernel/errno.ts";

/** What a process and those it waited for used. */
export interface Usage {
  readonly cpu_us: number;
  readonly max_rss_bytes: number;
}

export const NO_USAGE: Usage = { cpu_us: 0, max_rss_bytes: 0 };

/** USER_HZ of proc(5); 100 on every Linux that Bun runs on. */
const US_PER_TICK = 10_000;
const KIB = 1024;

/** As the kernel says of a living process (proc(5), fields 14 to 17 of stat, VmHWM of status), to 10 ms; `null` once it is gone. */
export function usageOf(pid: number): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, place) => sum + Number(fields[place]), 0);
    const peak = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? "0";
    return { cpu_us: ticks * US_PER_TICK, max_rss_bytes: Number(peak) * KIB };
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ESRCH") return null;
    throw error;
  }
}

/** As wait4(2) said when the process had ended; `null` before. */
export function usageOfEnded(child: Bun.Subprocess<"pipe", "pipe", "pipe">): Usage | null {
  const usage = child.resourceUsage();
  return usage === undefined ? null : { cpu_us: Number(usage.cpuTime.total), max_rss_bytes: usage.maxRSS };
}
