/** Where the control groups of this process lie (cgroups(7)). */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Version = 1 | 2;
export type Controller = "memory" | "pids" | "cpuacct";
const CONTROLLERS: readonly Controller[] = ["memory", "pids", "cpuacct"];

/** This process's own group, by controller; in version 2 all of them lie in one folder, and which are handed on is another question. */
export interface Hierarchy {
  readonly version: Version;
  readonly folders: Readonly<Partial<Record<Controller, string>>>;
}

/** From `/proc/self/cgroup` and `/proc/self/mountinfo`; null where there is no memory controller. */
export function ownHierarchy(self = readFileSync("/proc/self/cgroup", "latin1"), mounts = readFileSync("/proc/self/mountinfo", "latin1")): Hierarchy | null {
  const lines = self.trim().split("\n").map((line) => line.split(":"));
  const mounted = mounts.trim().split("\n").map((mount) => {
    const [left = "", right = ""] = mount.split(" - ");
    const [type = "", , options = ""] = right.split(" ");
    return { at: left.split(" ")[4] ?? "", type, options: options.split(",") };
  });
  // Version 1 numbers its hierarchies and names their controllers; version 2 is hierarchy 0 without a name.
  const one = (controller: Controller): string | undefined => {
    const own = lines.find(([, names = ""]) => names.split(",").includes(controller))?.[2];
    const mount = mounted.find(({ type, options }) => type === "cgroup" && options.includes(controller));
    return own === undefined || mount === undefined ? undefined : join(mount.at, own);
  };
  if (lines.some(([, names = ""]) => names.split(",").includes("memory"))) {
    const folders: Partial<Record<Controller, string>> = Object.fromEntries(
      CONTROLLERS.flatMap((controller) => {
        const folder = one(controller);
        return folder === undefined ? [] : [[controller, folder] as const];
      }),
    );
    return folders.memory === undefined ? null : { version: 1, folders };
  }
  const own = lines.find(([number]) => number === "0")?.[2];
  const mount = mounted.find(({ type }) => type === "cgroup2");
  if (own === undefined || mount === undefined) return null;
  const folder = join(mount.at, own);
  return { version: 2, folders: { memory: folder, pids: folder, cpuacct: folder } };
}
