/** Groups of both versions. What a real one does to a bomb is in attempts.slow.ts; here are the folders, and where there is none. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { openCages } from "./cages.ts";
import { type Hierarchy, ownHierarchy } from "./hierarchy.ts";
import { scratch, type Scratch } from "../sandbox/testing/rig.ts";

let dir: Scratch | null = null;
afterEach(() => {
  dir?.[Symbol.dispose]();
  dir = null;
});

/** A delegated version 2 subtree, as far as files go: `unit` with the launcher in `unit/core`. */
function versionTwo(handed_on: string): string {
  dir = scratch();
  mkdirSync(join(dir.path, "unit/core"), { recursive: true });
  writeFileSync(join(dir.path, "unit/cgroup.subtree_control"), handed_on);
  for (const group of ["unit", "unit/core"]) writeFileSync(join(dir.path, group, "cgroup.procs"), "");
  return dir.path;
}

const seen = (own: string, mount: string): Hierarchy | null => ownHierarchy(own, `41 31 0:38 / ${mount} rw - cgroup2 cgroup2 rw\n`);

describe("version 2", () => {
  test("a job's group is a neighbour of the launcher's, and its limits and counts are read and written by their names", () => {
    const mount = versionTwo("cpu memory pids\n");
    const cage = openCages(seen("0::/unit/core\n", mount))?.make();
    const folder = cage?.folders.memory ?? "";
    expect(folder).toMatch(new RegExp(`^${mount}/unit/maestro-job-${process.pid}-[1-9][0-9]*-1$`));
    // In cgroupfs they are there from the beginning.
    for (const name of ["memory.swap.max", "memory.oom.group"]) writeFileSync(join(folder, name), "");
    cage?.limit({ memory_bytes_max: 1_000, processes_max: 7 });
    const value = (name: string): string => readFileSync(join(folder, name), "utf8");
    expect(["memory.max", "memory.swap.max", "memory.oom.group", "pids.max"].map(value)).toEqual(["1000", "0", "1", "7"]);
    cage?.add(123);
    expect(value("cgroup.procs")).toBe("123");
    expect(cage?.peakBytes()).toBeNull();
    for (const [name, text] of [["memory.events", "low 0\noom_kill 2\n"], ["pids.events", "max 3\n"], ["cpu.stat", "usage_usec 55\n"], ["memory.stat", "anon 99\nfile 1\n"], ["memory.peak", "444\n"]] as const) writeFileSync(join(folder, name), text);
    expect([cage?.oomKills(), cage?.refusedProcesses(), cage?.cpuUs(), cage?.anonymousBytes(), cage?.peakBytes()]).toEqual([2, 3, 55, 99, 444]);
    cage?.startClock();
    writeFileSync(join(folder, "cpu.stat"), "usage_usec 75\n");
    expect(cage?.cpuUs()).toBe(20);
  });

  test("where memory and processes are not handed on, and in the root group, there is none", () => {
    // A plain file takes what is written, so `cpu` alone becomes what was asked for; a kernel that does not offer it refuses the write.
    const mount = versionTwo("cpu\n");
    expect(openCages(seen("0::/\n", mount))).toBeNull();
    expect(openCages(seen("0::/nowhere/core\n", mount))).toBeNull();
    expect(openCages(null)).toBeNull();
  });
});

test("the groups of a launcher that was killed are swept, also when its pid is somebody else's by now; those of one that lives are not", () => {
  const mount = versionTwo("cpu memory pids\n");
  const unit = join(mount, "unit");
  const own = openCages(seen("0::/unit/core\n", mount))?.make().folders.memory ?? "";
  const [, pid = "", started = ""] = /-([0-9]+)-([0-9]+)-1$/.exec(own) ?? [];
  const [dead, reused, lives] = [`${2 ** 22 + 1}-77-1`, `${pid}-${Number(started) - 1}-1`, `${pid}-${started}-2`].map((name) => join(unit, `maestro-job-${name}`));
  for (const folder of [dead, reused, lives]) mkdirSync(folder ?? "");
  openCages(seen("0::/unit/core\n", mount));
  expect([dead, reused, lives, own].map((folder) => existsSync(folder ?? ""))).toEqual([false, false, true, true]);
});

const real = openCages();

describe.skipIf(skipWithout(real !== null, "no control group can be made here, so none was tried"))("of this machine", () => {
  test("a group counts what is in it, and is gone afterwards", async () => {
    const cage = real?.make();
    cage?.limit({ memory_bytes_max: 64 * 1024 * 1024, processes_max: 5 });
    // The inner shell gives up at the first fork it is refused; the outer one needs none to go on.
    const child = Bun.spawn(["/bin/sh", "-c", "read x; (for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done); exec sleep 9"], { stdin: "pipe", stdout: "ignore", stderr: "ignore" });
    cage?.add(child.pid);
    await child.stdin.write("\n");
    await child.stdin.end();
    while ((cage?.refusedProcesses() ?? 1) === 0) await Bun.sleep(5);
    expect(cage?.cpuUs()).toBeGreaterThan(0);
    expect(cage?.peakBytes()).toBeGreaterThan(0);
    const folder = readFileSync(`/proc/${child.pid}/cgroup`, "utf8").split("\n").find((line) => line.includes("maestro-job-"));
    expect(folder).toContain(`maestro-job-${process.pid}-`);
    cage?.kill();
    await child.exited;
    while (cage?.remove() === false) await Bun.sleep(5);
    const left = ["memory", "pids", "unified", ""].map((controller) => join("/sys/fs/cgroup", controller, folder?.split(":")[2] ?? "none"));
    expect(left.filter((path) => existsSync(path))).toEqual([]);
  });
});
