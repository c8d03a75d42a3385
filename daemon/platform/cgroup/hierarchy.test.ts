import { expect, test } from "bun:test";
import { ownHierarchy } from "./hierarchy.ts";
import { openCgroups } from "./memory-home.ts";

const mount = (at: string, options: string): string => `35 31 0:32 / ${at} rw,relatime - cgroup cgroup rw,${options}\n`;

test("version 1: each controller where it is mounted, also where two are mounted together", () => {
  const mounts = mount("/sys/fs/cgroup/memory", "memory") + mount("/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct");
  expect(ownHierarchy("5:pids:/p\n4:memory:/a/b\n3:cpu,cpuacct:/c\n0::/\n", mounts)).toEqual({ version: 1, folders: { memory: "/sys/fs/cgroup/memory/a/b", cpuacct: "/sys/fs/cgroup/cpu,cpuacct/c" } });
});

test("version 2: one folder for all", () => {
  const folder = "/sys/fs/cgroup/system.slice/maestrod.service";
  expect(ownHierarchy("0::/system.slice/maestrod.service\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")).toEqual({ version: 2, folders: { memory: folder, pids: folder, cpuacct: folder } });
});

test("no memory controller is said, and a folder that is not there", () => {
  expect([ownHierarchy("1:cpu:/\n", ""), ownHierarchy("4:memory:/a\n", "")]).toEqual([null, null]);
  expect(openCgroups("x", null)).toEqual({ because: "there is no memory controller" });
  expect(openCgroups("x", { version: 2, folders: { memory: "/nonexistent" } })).toEqual({ because: "/nonexistent: ENOENT" });
});
