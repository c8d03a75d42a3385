/** What the kernel says of processes (proc(5)). */
import { readdirSync, readFileSync } from "node:fs";
import { errno } from "./errno.ts";

/** The fields of `/proc/<pid>/stat` used here (proc(5)): state letter, process group, resident pages. */
export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly pgid: number;
  readonly resident_pages: number;
}

/** What the kernel says of one process, or undefined when it is gone. */
export function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    // ENOENT: never there. ESRCH: it ended between open and read.
    if (errno(error) === "ENOENT" || errno(error) === "ESRCH") return undefined;
    throw error;
  }
  // The command name stands in brackets and may itself hold brackets and blanks, so fields count from the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid, state: fields[0] ?? "?", pgid: Number(fields[2]), resident_pages: Number(fields[21]) };
}

/** Every process of this machine that we may see; one read of /proc, about 20 µs a process. */
export function allProcesses(): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (const name of readdirSync("/proc")) {
    const first = name.charCodeAt(0);
    if (first < 49 || first > 57) continue;
    const stat = statOf(Number(name));
    if (stat !== undefined) found.push(stat);
  }
  return found;
}

/** Processes of the group that still run; a zombie has ended and only waits to be collected. */
export function aliveInGroup(pgid: number): ProcessStat[] {
  return allProcesses().filter((stat) => stat.pgid === pgid && stat.state !== "Z" && stat.state !== "X");
}
