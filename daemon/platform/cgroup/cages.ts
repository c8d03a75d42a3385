/**
 * A control group per job, where this user may make one: limits that cover every process of the job together, and memory that
 * no process admits to. Version 1 hierarchies and a delegated version 2 subtree (cgroups(7)).
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errno } from "../kernel/errno.ts";

const PREFIX = "maestro-job-";

export interface CageLimits {
  readonly memory_bytes_max: number;
  readonly processes_max: number;
}

/** One job's group. */
export interface Cage {
  add(pid: number): void;
  /** Anonymous memory now: what is not backed by a file and not scratch. */
  anonymous_bytes(): number;
  readonly memory_bytes_peak: () => number;
  /** How often the kernel killed for memory, and refused a process. */
  readonly out_of_memory: () => number;
  readonly refused_processes: () => number;
  /** null where this machine has no accounting group to write. */
  readonly cpu_us: () => number | null;
  /** Requires that its processes are gone. */
  remove(): void;
}

export interface Cages {
  make(limits: CageLimits): Cage;
}

/** Where the hierarchies are mounted, and which group this process is in; tests hand in folders of their own. */
export interface CgroupView {
  readonly mount: string;
  /** `/proc/self/cgroup`. */
  readonly own: string;
}

export const systemCgroups = (): CgroupView => ({ mount: "/sys/fs/cgroup", own: readFileSync("/proc/self/cgroup", "utf8") });

/** `null` where no group can be made: the caller then watches the processes themselves. */
export function openCages(view: CgroupView): Cages | null {
  const groups = new Map(view.own.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : controllers.split(",").map((name) => [name, path] as const);
  }));
  const memory = groups.get("memory");
  const pids = groups.get("pids");
  if (memory !== undefined && pids !== undefined) return versionOne(view.mount, memory, pids, groups.get("cpuacct"));
  const unified = groups.get("");
  return unified === undefined ? null : versionTwo(view.mount, unified);
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

let made = 0;
const nextName = (): string => `${PREFIX}${process.pid}-${++made}`;

/** Groups whose launcher was killed before it could remove them. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const maker = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) removeGroup(join(folder, name));
  }
}

/** One that is still in use stays for the next sweep; one that somebody else swept is gone. */
function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (errno(error) !== "EBUSY" && errno(error) !== "ENOENT") throw error;
  }
}

/** Swap would be memory that the limit does not count; a machine without it has no such file. */
function writeIfThere(path: string, text: string): void {
  if (existsSync(path)) writeFileSync(path, text);
}

const number = (path: string): number => Number(readFileSync(path, "utf8"));
const field = (path: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);

function versionOne(mount: string, memory: string, pids: string, cpuacct: string | undefined): Cages | null {
  const bases = { memory: join(mount, "memory", memory), pids: join(mount, "pids", pids), cpuacct: cpuacct === undefined ? null : join(mount, "cpuacct", cpuacct) };
  if (!writable(bases.memory) || !writable(bases.pids)) return null;
  const accounting = bases.cpuacct !== null && writable(bases.cpuacct) ? bases.cpuacct : null;
  const all = [bases.memory, bases.pids, ...(accounting === null ? [] : [accounting])];
  all.forEach(sweep);
  return {
    make({ memory_bytes_max, processes_max }) {
      const name = nextName();
      const folders = all.map((base) => join(base, name));
      for (const folder of folders) mkdirSync(folder);
      const [mem = "", pid = "", cpu = null] = folders;
      writeFileSync(join(mem, "memory.limit_in_bytes"), String(memory_bytes_max));
      writeIfThere(join(mem, "memory.memsw.limit_in_bytes"), String(memory_bytes_max));
      writeFileSync(join(pid, "pids.max"), String(processes_max));
      return {
        add: (process) => folders.forEach((folder) => writeFileSync(join(folder, "cgroup.procs"), String(process))),
        anonymous_bytes: () => field(join(mem, "memory.stat"), "total_rss"),
        memory_bytes_peak: () => number(join(mem, "memory.max_usage_in_bytes")),
        out_of_memory: () => field(join(mem, "memory.oom_control"), "oom_kill"),
        refused_processes: () => field(join(pid, "pids.events"), "max"),
        cpu_us: () => (cpu === null ? null : Math.round(number(join(cpu, "cpuacct.usage")) / 1_000)),
        remove: () => folders.forEach(removeGroup),
      };
    },
  };
}

/** Whether the group's children get limits of their own; switched on where this user may. */
function handsOn(folder: string): boolean {
  const control = join(folder, "cgroup.subtree_control");
  const on = (): boolean => ["memory", "pids"].every((name) => readFileSync(control, "utf8").split(/\s+/).includes(name));
  if (on()) return true;
  try {
    writeFileSync(control, "+memory +pids");
  } catch (error) {
    // Not ours to switch on, or not offered by the group above.
    if (!["EACCES", "EPERM", "ENOENT", "EBUSY", "EROFS"].includes(errno(error) ?? "")) throw error;
    return false;
  }
  return on();
}

/** A group with processes of its own cannot hand limits on, so jobs become neighbours of the launcher's group: the parent must be delegated to this user. */
function versionTwo(mount: string, own: string): Cages | null {
  const base = join(mount, own, "..");
  if (own === "/" || !writable(base)) return null;
  if (!handsOn(base)) return null;
  sweep(base);
  return {
    make({ memory_bytes_max, processes_max }) {
      const folder = join(base, nextName());
      mkdirSync(folder);
      writeFileSync(join(folder, "memory.max"), String(memory_bytes_max));
      writeIfThere(join(folder, "memory.swap.max"), "0");
      writeFileSync(join(folder, "memory.oom.group"), "1");
      writeFileSync(join(folder, "pids.max"), String(processes_max));
      return {
        add: (process) => writeFileSync(join(folder, "cgroup.procs"), String(process)),
        anonymous_bytes: () => field(join(folder, "memory.stat"), "anon"),
        memory_bytes_peak: () => number(join(folder, "memory.peak")),
        out_of_memory: () => field(join(folder, "memory.events"), "oom_kill"),
        refused_processes: () => field(join(folder, "pids.events"), "max"),
        cpu_us: () => field(join(folder, "cpu.stat"), "usage_usec"),
        remove: () => removeGroup(folder),
      };
    },
  };
}
