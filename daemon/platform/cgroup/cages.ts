/**
 * A control group per job of the sandbox, where this user may make one: limits that cover every process of the job together, and
 * memory that no process admits to. Version 1 hierarchies and a delegated version 2 subtree.
 */
import { accessSync, constants, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errno } from "../kernel/errno.ts";
import { statOf } from "../kernel/proc.ts";
import { Group, Remover, removeIfEmpty } from "./group.ts";
import { type Hierarchy, ownHierarchy } from "./hierarchy.ts";

const PREFIX = "maestro-job-";
/** A pid alone would be somebody else's one day, and the group of a launcher that was killed would stay for as long as that one lives. */
const NAME = new RegExp(`^${PREFIX}([0-9]+)-([0-9]+)-`);

/** Makes groups, one for each job. */
export interface Cages {
  /** Without limits yet. */
  make(): Group;
  /** Requires that its processes are dead; those that are still being torn down are waited for at the next one's. */
  remove(group: Group): void;
}

/** `null` where no group can be made: the caller then watches the processes themselves. */
export function openCages(own: Hierarchy | null = ownHierarchy()): Cages | null {
  const bases = own === null ? null : own.version === 1 ? basesOne(own) : basesTwo(own);
  if (own === null || bases === null) return null;
  for (const base of new Set(Object.values(bases))) sweep(base);
  const remover = new Remover();
  let made = 0;
  return {
    remove: (group) => remover.remove(group),
    make() {
      const name = `${PREFIX}${process.pid}-${statOf(process.pid)?.started_ticks ?? 0}-${++made}`;
      const below = (base: string): string => join(base, name);
      const { memory, pids, cpuacct } = bases;
      return new Group({ memory: below(memory), ...(pids === undefined ? {} : { pids: below(pids) }), ...(cpuacct === undefined ? {} : { cpuacct: below(cpuacct) }) }, own.version).make();
    },
  };
}

type Bases = Hierarchy["folders"] & { readonly memory: string };

function basesOne({ folders: { memory, pids, cpuacct } }: Hierarchy): Bases | null {
  if (memory === undefined || pids === undefined || !writable(memory) || !writable(pids)) return null;
  return { memory, pids, ...(cpuacct !== undefined && writable(cpuacct) ? { cpuacct } : {}) };
}

/** A group with processes of its own cannot hand limits on, so jobs become neighbours of the launcher's group: the parent must be delegated to this user. */
function basesTwo({ folders: { memory } }: Hierarchy): Bases | null {
  if (memory === undefined) return null;
  const base = join(memory, "..");
  if (!writable(join(base, "cgroup.procs")) || !writable(base) || !handsOn(base)) return null;
  return { memory: base, pids: base, cpuacct: base };
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
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

/** Groups whose launcher was killed before it could remove them; one that is still in use stays for the next sweep. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, maker, started_ticks] = NAME.exec(name) ?? [];
    if (maker !== undefined && statOf(Number(maker))?.started_ticks !== Number(started_ticks)) removeIfEmpty(join(folder, name));
  }
}
