import { statOf, statusBytesIn } from "../kernel/proc.ts";

/** What a process and those it waited for used. */
export interface Usage {
  readonly cpu_us: number;
  readonly max_rss_bytes: number;
}

export const NO_USAGE: Usage = { cpu_us: 0, max_rss_bytes: 0 };

/** As the kernel says of a living process, to 10 ms; `null` once it is gone. */
export function usageOf(pid: number): Usage | null {
  const stat = statOf(pid);
  const bytes = statusBytesIn(`/proc/${pid}`);
  return stat === undefined || bytes === undefined ? null : { cpu_us: stat.cpu_us, max_rss_bytes: bytes("VmHWM") };
}

/** As wait4(2) said when the process had ended; `null` before. */
export function usageOfEnded(child: Bun.Subprocess<"pipe", "pipe", "pipe">): Usage | null {
  const usage = child.resourceUsage();
  return usage === undefined ? null : { cpu_us: Number(usage.cpuTime.total), max_rss_bytes: usage.maxRSS };
}
