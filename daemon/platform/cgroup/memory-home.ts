/**
 * Memory limits the kernel itself enforces (cgroups(7)): for a process and everything it starts, wherever that moves to.
 * Where no control group may be made the resident memory is watched instead (see memory-watch.ts).
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errno } from "../kernel/errno.ts";

/** What differs between the two versions of the interface. */
interface Dialect {
  readonly version: 1 | 2;
  readonly limit_file: string;
  /** Written where it exists, so that what does not fit in memory does not go to swap. */
  readonly swap: { readonly file: string; readonly value: (bytes: number) => string };
  readonly events_file: string;
}

const DIALECTS: Readonly<Record<1 | 2, Dialect>> = {
  1: { version: 1, limit_file: "memory.limit_in_bytes", swap: { file: "memory.memsw.limit_in_bytes", value: String }, events_file: "memory.oom_control" },
  2: { version: 2, limit_file: "memory.max", swap: { file: "memory.swap.max", value: () => "0" }, events_file: "memory.events" },
};

/** Kills are repeated until nothing is left: a process may fork between the list and the signal. */
const KILL_ROUNDS_MAX = 100;
/** A folder whose last process is still being torn down; it is tried again when the next one is made. */
const BUSY = new Set(["EBUSY", "ENOTEMPTY", "EACCES"]);

export interface MemoryGroup {
  /** Takes a process in; what it starts from then on is in too. */
  add(pid: number): void;
  /** How often the kernel killed something in here because the limit was reached. */
  oomKills(): number;
  /** Kills everything in here, whatever session or group it moved to. */
  kill(): void;
  remove(): void;
}

/** Where this process may make groups, and how. */
export interface CgroupHome {
  readonly version: 1 | 2;
  /** The folder that holds one folder per group; a guard empties it when this process is gone. */
  readonly folder: string;
  create(memory_bytes_max: number): MemoryGroup;
  /** Kills what an earlier process left and removes the folder; for the start and the end. */
  clear(): void;
}

/** The memory controller's folder for this process: version and path, or null where there is none. */
export function ownCgroup(self = readFileSync("/proc/self/cgroup", "latin1"), mounts = readFileSync("/proc/self/mountinfo", "latin1")): { readonly version: 1 | 2; readonly path: string } | null {
  const lines = self.trim().split("\n").map((line) => line.split(":"));
  // Version 1 numbers its hierarchies and names their controllers; version 2 is hierarchy 0 without a name.
  const one = lines.find(([, controllers = ""]) => controllers.split(",").includes("memory"))?.[2];
  const two = lines.find(([number]) => number === "0")?.[2];
  for (const mount of mounts.trim().split("\n")) {
    const [left = "", right = ""] = mount.split(" - ");
    const at = left.split(" ")[4] ?? "";
    const [type = "", , options = ""] = right.split(" ");
    if (one !== undefined && type === "cgroup" && options.split(",").includes("memory")) return { version: 1, path: join(at, one) };
    if (one === undefined && two !== undefined && type === "cgroup2") return { version: 2, path: join(at, two) };
  }
  return null;
}

/** Makes the home named `name`, or gives the reason why there can be none. Nothing is left behind by a failed try. */
export function openCgroups(name: string, own = ownCgroup()): CgroupHome | { readonly because: string } {
  if (own === null) return { because: "there is no memory controller" };
  const home = new Home(join(own.path, name), DIALECTS[own.version]);
  try {
    home.clear();
    if (own.version === 2) delegate(own.path);
    mkdirSync(home.folder);
    if (own.version === 2) writeFileSync(join(home.folder, "cgroup.subtree_control"), "+memory");
    const probe = home.create(64 * 1024 * 1024);
    probe.remove();
    return home;
  } catch (error) {
    home.clear();
    return { because: `${own.path}: ${errno(error) ?? String(error)}` };
  }
}

/**
 * In version 2 a group with children that have limits holds no process of its own, so this process moves into a child.
 * Only where it is alone: moving somebody else's processes is not ours to do.
 */
function delegate(path: string): void {
  if (readFileSync(join(path, "cgroup.subtree_control"), "latin1").split(/\s+/).includes("memory")) return;
  const here = readFileSync(join(path, "cgroup.procs"), "latin1").trim().split("\n").filter((pid) => pid !== "");
  if (here.some((pid) => Number(pid) !== process.pid)) throw new Error("other processes share this control group");
  const core = join(path, "core");
  mkdirSync(core, { recursive: true });
  writeFileSync(join(core, "cgroup.procs"), String(process.pid));
  writeFileSync(join(path, "cgroup.subtree_control"), "+memory");
}

class Home implements CgroupHome {
  private made = 0;
  /** Folders whose last process was still being torn down when they were to go. */
  private readonly stale = new Set<string>();

  constructor(
    readonly folder: string,
    private readonly dialect: Dialect,
  ) {}

  get version(): 1 | 2 {
    return this.dialect.version;
  }

  create(memory_bytes_max: number): MemoryGroup {
    const { limit_file, swap } = this.dialect;
    for (const folder of this.stale) if (removeIfEmpty(folder)) this.stale.delete(folder);
    const group = new Group(join(this.folder, `w${++this.made}`), this.dialect, (folder) => this.stale.add(folder));
    mkdirSync(group.folder, { recursive: true });
    writeFileSync(join(group.folder, limit_file), String(memory_bytes_max));
    writeIfThere(join(group.folder, swap.file), swap.value(memory_bytes_max));
    // Version 2 ends the whole group at once instead of its largest process only.
    writeIfThere(join(group.folder, "memory.oom.group"), "1");
    return group;
  }

  clear(): void {
    for (const name of foldersIn(this.folder)) {
      const group = new Group(join(this.folder, name), this.dialect, () => undefined);
      group.kill();
      group.remove();
    }
    removeIfEmpty(this.folder);
  }
}

class Group implements MemoryGroup {
  constructor(
    readonly folder: string,
    private readonly dialect: Dialect,
    private readonly busy: (folder: string) => void,
  ) {}

  add(pid: number): void {
    try {
      writeFileSync(join(this.folder, "cgroup.procs"), String(pid));
    } catch (error) {
      // It has ended already, and is reported by whoever waits for it.
      if (errno(error) !== "ESRCH") throw error;
    }
  }

  oomKills(): number {
    return Number(/^oom_kill ([0-9]+)$/m.exec(readIfThere(join(this.folder, this.dialect.events_file)))?.[1] ?? 0);
  }

  kill(): void {
    for (let round = 0; round < KILL_ROUNDS_MAX; round++) {
      const pids = readIfThere(join(this.folder, "cgroup.procs")).split("\n").filter((pid) => pid !== "");
      if (pids.length === 0) return;
      for (const pid of pids) kill(Number(pid));
    }
  }

  remove(): void {
    if (!removeIfEmpty(this.folder)) this.busy(this.folder);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errno(error) !== "ESRCH") throw error;
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

function writeIfThere(path: string, text: string): void {
  try {
    // Opened without O_CREAT: a control file that is not there cannot be made.
    writeFileSync(path, text, { flag: "r+" });
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
  }
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw error;
  }
}

/** `false` while something in it still ends. */
function removeIfEmpty(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const code = errno(error) ?? "";
    if (code !== "ENOENT" && !BUSY.has(code)) throw error;
    return code === "ENOENT";
  }
}
