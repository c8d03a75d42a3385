/** One control group of either version: its limits, its counts, and the end of whatever is in it (cgroups(7), cgroup-v2.rst). */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errno } from "../kernel/errno.ts";
import { killOne } from "../kernel/proc.ts";
import type { Hierarchy, Version } from "./hierarchy.ts";

/** What differs between the two versions of the interface. */
interface Dialect {
  readonly memory_limit: string;
  /** Swap would be memory that the limit does not count; a machine without it has no such file. */
  readonly swap: { readonly file: string; readonly value: (bytes: number) => string };
  readonly memory_events: string;
  readonly memory_peak: string;
  /** Field of memory.stat: what is backed by no file. */
  readonly anonymous: string;
  readonly cpu_us: (folder: string) => number;
}

const DIALECTS: Readonly<Record<Version, Dialect>> = {
  1: {
    memory_limit: "memory.limit_in_bytes",
    swap: { file: "memory.memsw.limit_in_bytes", value: String },
    memory_events: "memory.oom_control",
    memory_peak: "memory.max_usage_in_bytes",
    anonymous: "total_rss",
    cpu_us: (folder) => Math.round(Number(readFileSync(join(folder, "cpuacct.usage"), "latin1")) / 1_000),
  },
  2: {
    memory_limit: "memory.max",
    swap: { file: "memory.swap.max", value: () => "0" },
    memory_events: "memory.events",
    memory_peak: "memory.peak",
    anonymous: "anon",
    cpu_us: (folder) => field(join(folder, "cpu.stat"), "usage_usec"),
  },
};

/** Kills are repeated until nothing is left: a process may fork between the list and the signal. */
const KILL_ROUNDS_MAX = 100;
/** A folder whose last process is still being torn down. */
const BUSY = new Set(["EBUSY", "ENOTEMPTY", "EACCES"]);

export interface GroupLimits {
  readonly memory_bytes_max: number;
  /** Where the group has the `pids` controller. */
  readonly processes_max?: number;
}

type Folders = Hierarchy["folders"];

export class Group {
  readonly #dialect: Dialect;
  readonly #all: readonly string[];
  #cpu_us_before = 0;

  /** Of a group that is there or is about to be made. */
  constructor(
    readonly folders: Folders & { readonly memory: string },
    version: Version,
  ) {
    this.#dialect = DIALECTS[version];
    this.#all = [...new Set(Object.values(folders))];
  }

  make(): this {
    for (const folder of this.#all) mkdirSync(folder, { recursive: true });
    return this;
  }

  limit({ memory_bytes_max, processes_max }: GroupLimits): void {
    const { memory, pids } = this.folders;
    const { memory_limit, swap } = this.#dialect;
    writeFileSync(join(memory, memory_limit), String(memory_bytes_max));
    writeIfThere(join(memory, swap.file), swap.value(memory_bytes_max));
    // Version 2 ends the whole group at once instead of its largest process only.
    writeIfThere(join(memory, "memory.oom.group"), "1");
    if (processes_max !== undefined && pids !== undefined) writeFileSync(join(pids, "pids.max"), String(processes_max));
  }

  /** Takes a process in; what it starts from then on is in too. The kernel may take 20 ms over it (see `addSoon`). */
  add(pid: number): void {
    for (const folder of this.#all) ignoring(["ESRCH"], () => writeFileSync(join(folder, "cgroup.procs"), String(pid)));
  }

  /** As `add`, beside other work: the kernel waits for every processor to have passed a quiet moment (synchronize_rcu) before a process changes its group. */
  async addSoon(pid: number): Promise<void> {
    for (const folder of this.#all) await writeFile(join(folder, "cgroup.procs"), String(pid));
  }

  /** Anonymous memory now: what is not backed by a file and not scratch. */
  anonymousBytes(): number {
    return field(join(this.folders.memory, "memory.stat"), this.#dialect.anonymous);
  }

  /** null where the kernel keeps no such count (version 2 before 5.19). */
  peakBytes(): number | null {
    const text = readIfThere(join(this.folders.memory, this.#dialect.memory_peak));
    return text === "" ? null : Number(text);
  }

  /** How often the kernel killed something in here because the limit was reached; 0 once the group is gone. */
  oomKills(): number {
    return fieldOf(readIfThere(join(this.folders.memory, this.#dialect.memory_events)), "oom_kill");
  }

  /** How often a process was refused for the limit. */
  refusedProcesses(): number {
    return this.folders.pids === undefined ? 0 : field(join(this.folders.pids, "pids.events"), "max");
  }

  /** Since `startClock`, or since the group was made; null where this machine has no accounting group to write. */
  cpuUs(): number | null {
    const { cpuacct } = this.folders;
    return cpuacct === undefined ? null : this.#dialect.cpu_us(cpuacct) - this.#cpu_us_before;
  }

  /** What was used up to now is not counted. */
  startClock(): void {
    this.#cpu_us_before += this.cpuUs() ?? 0;
  }

  /** Kills everything in here, whatever session or process group it moved to. */
  kill(): void {
    for (let round = 0; round < KILL_ROUNDS_MAX; round++) {
      const pids = readIfThere(join(this.folders.memory, "cgroup.procs")).split("\n").filter((pid) => pid !== "");
      if (pids.length === 0) return;
      for (const pid of pids) killOne(Number(pid));
    }
  }

  /** `false` while something in it still ends. */
  remove(): boolean {
    return this.#all.map(removeIfEmpty).every(Boolean);
  }
}

const fieldOf = (text: string, name: string): number => Number(new RegExp(`^${name} ([0-9]+)$`, "m").exec(text)?.[1] ?? 0);
const field = (path: string, name: string): number => fieldOf(readFileSync(path, "latin1"), name);

function ignoring(codes: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!codes.includes(errno(error) ?? "")) throw error;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENODEV") return "";
    throw error;
  }
}

/** Opened without O_CREAT: a control file that is not there cannot be made. */
function writeIfThere(path: string, text: string): void {
  ignoring(["ENOENT"], () => writeFileSync(path, text, { flag: "r+" }));
}

/** `false` while something in it still ends; one that somebody else removed is gone. */
export function removeIfEmpty(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const code = errno(error) ?? "";
    if (code !== "ENOENT" && !BUSY.has(code)) throw error;
    return code === "ENOENT";
  }
}

/** Removes groups, those whose last process is still being torn down a little later. */
export class Remover {
  readonly #waiting = new Set<Group>();

  remove(group: Group): void {
    this.#waiting.add(group);
    this.again();
  }

  again(): void {
    for (const group of this.#waiting) if (group.remove()) this.#waiting.delete(group);
  }
}
