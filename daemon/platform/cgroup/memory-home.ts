/**
 * Memory limits the kernel itself enforces: for a process and everything it starts, wherever that moves to.
 * Where no control group may be made the resident memory is watched instead (see process/memory-watch.ts).
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errno } from "../kernel/errno.ts";
import { Group, Remover, removeIfEmpty } from "./group.ts";
import { type Hierarchy, ownHierarchy, type Version } from "./hierarchy.ts";

/** What whoever supervises a process does with its group. */
export type MemoryGroup = Pick<Group, "add" | "oomKills" | "kill"> & {
  /** Requires nothing: a group that is still busy is removed when the next one is made. */
  readonly remove: () => void;
};

/** Where this process may make groups, and how. */
export interface CgroupHome {
  readonly version: Version;
  /** The folder that holds one folder per group; a guard empties it when this process is gone. */
  readonly folder: string;
  create(memory_bytes_max: number): MemoryGroup;
  /** Kills what an earlier process left and removes the folder; for the start and the end. */
  clear(): void;
}

const PROBE_BYTES_MAX = 64 * 1024 * 1024;

/** Makes the home named `name`, or gives the reason why there can be none. Nothing is left behind by a failed try. */
export function openCgroups(name: string, own: Pick<Hierarchy, "version" | "folders"> | null = ownHierarchy()): CgroupHome | { readonly because: string } {
  const path = own?.folders.memory;
  if (own === null || path === undefined) return { because: "there is no memory controller" };
  const home = new Home(join(path, name), own.version);
  try {
    home.clear();
    if (own.version === 2) delegate(path);
    mkdirSync(home.folder);
    if (own.version === 2) writeFileSync(join(home.folder, "cgroup.subtree_control"), "+memory");
    home.create(PROBE_BYTES_MAX).remove();
    return home;
  } catch (error) {
    home.clear();
    return { because: `${path}: ${errno(error) ?? String(error)}` };
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
  private readonly remover = new Remover();

  constructor(
    readonly folder: string,
    readonly version: Version,
  ) {}

  create(memory_bytes_max: number): MemoryGroup {
    this.remover.again();
    const group = this.group(`w${++this.made}`).make();
    group.limit({ memory_bytes_max });
    return {
      add: (pid) => group.add(pid),
      oomKills: () => group.oomKills(),
      kill: () => group.kill(),
      remove: () => this.remover.remove(group),
    };
  }

  clear(): void {
    for (const name of foldersIn(this.folder)) {
      const group = this.group(name);
      group.kill();
      group.remove();
    }
    removeIfEmpty(this.folder);
  }

  private group(name: string): Group {
    return new Group({ memory: join(this.folder, name) }, this.version);
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
