/** What the kernel says of processes (proc(5)), and the signal that none of them can refuse. */
import { readdirSync, readFileSync } from "node:fs";
import { errno } from "./errno.ts";

/** USER_HZ; 100 on every Linux that Bun runs on. */
const TICK_US = 10_000;
const KIB = 1_024;

/** The fields of `stat` used here. */
export interface ProcessStat {
  readonly state: string;
  readonly pgid: number;
  readonly resident_pages: number;
  readonly threads: number;
  /** Its own and of the children it waited for, to 10 ms. */
  readonly cpu_us: number;
  /** Since the machine started: with it a pid names one process for ever. */
  readonly started_ticks: number;
}

/** What the kernel says of one process, or undefined when it is gone. */
export const statOf = (pid: number): ProcessStat | undefined => statIn(`/proc/${pid}`);

/** The same of a process's folder in some /proc, which may be a jail's own. */
export function statIn(folder: string): ProcessStat | undefined {
  const text = readUnlessGone(`${folder}/stat`);
  if (text === undefined) return undefined;
  // The command name stands in brackets and may itself hold brackets and blanks, so fields count from the last one; the first after it is the third of proc(5).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number): number => Number(fields[field - 3]);
  return { state: fields[0] ?? "?", pgid: at(5), threads: at(20), resident_pages: at(24), started_ticks: at(22), cpu_us: (at(14) + at(15) + at(16) + at(17)) * TICK_US };
}

/** Bytes of one line of `status`; 0 where there is none, as of a kernel thread. */
export function statusBytesIn(folder: string): ((name: "VmHWM" | "RssAnon" | "RssShmem") => number) | undefined {
  const text = readUnlessGone(`${folder}/status`);
  return text === undefined ? undefined : (name) => Number(new RegExp(`^${name}:\\s+([0-9]+) kB$`, "m").exec(text)?.[1] ?? 0) * KIB;
}

/** Pids that a folder of processes lists. */
export function pidsIn(folder: string): number[] {
  return readdirSync(folder).filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number);
}

/** Every process of this machine that we may see; one read of /proc, about 20 µs a process. */
export function allProcesses(): (ProcessStat & { readonly pid: number })[] {
  return pidsIn("/proc").flatMap((pid) => {
    const stat = statOf(pid);
    return stat === undefined ? [] : [{ pid, ...stat }];
  });
}

/** It has ended and only waits to be collected, or is gone. */
export const hasEnded = (stat: ProcessStat | undefined): boolean => stat === undefined || stat.state === "Z" || stat.state === "X";

/** Processes of the group that still run. */
export function aliveInGroup(pgid: number): (ProcessStat & { readonly pid: number })[] {
  return allProcesses().filter((stat) => stat.pgid === pgid && !hasEnded(stat));
}

/** SIGKILL; one that is gone already is what was asked for. */
export function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errno(error) !== "ESRCH") throw error;
  }
}

/** ENOENT: never there. ESRCH: it ended between open and read. */
function readUnlessGone(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ESRCH") return undefined;
    throw error;
  }
}
