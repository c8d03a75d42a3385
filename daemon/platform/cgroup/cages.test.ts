/** Groups of both versions. What a real one does to a bomb is in attempts.test.ts; here are the folders, and where there is none. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { skipWithout } from "../../testing/skip.ts";
import { allProcesses } from "../kernel/proc.ts";
import { openCages, systemCgroups } from "./cages.ts";
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
  return dir.path;
}

describe("version 2", () => {
  test("a job's group is a neighbour of the launcher's, with its limits set before anything is in it", () => {
    const mount = versionTwo("cpu memory pids\n");
    const cage = openCages({ mount, own: "0::/unit/core\n" })?.make({ memory_bytes_max: 1_000, processes_max: 7 });
    const folder = join(mount, `unit/maestro-job-${process.pid}-1`);
    const value = (name: string): string => readFileSync(join(folder, name), "utf8");
    expect([value("memory.max"), value("memory.oom.group"), value("pids.max")]).toEqual(["1000", "1", "7"]);
    cage?.add(123);
    expect(value("cgroup.procs")).toBe("123");
    for (const [name, text] of [["memory.events", "low 0\noom_kill 2\n"], ["pids.events", "max 3\n"], ["cpu.stat", "usage_usec 55\n"], ["memory.stat", "anon 99\nfile 1\n"], ["memory.peak", "444\n"]] as const) writeFileSync(join(folder, name), text);
    expect([cage?.out_of_memory(), cage?.refused_processes(), cage?.cpu_us(), cage?.anonymous_bytes(), cage?.memory_bytes_peak()]).toEqual([2, 3, 55, 99, 444]);
  });

  test("where memory and processes are not handed on, and in the root group, there is none", () => {
    // A plain file takes what is written, so `cpu` alone becomes what was asked for; a kernel that does not offer it refuses the write.
    const mount = versionTwo("cpu\n");
    expect(openCages({ mount, own: "0::/\n" })).toBeNull();
    expect(openCages({ mount, own: "0::/nowhere/core\n" })).toBeNull();
    expect(openCages({ mount, own: "" })).toBeNull();
  });
});

const real = openCages(systemCgroups());

describe.skipIf(skipWithout(real !== null, "no control group can be made here, so none was tried"))("of this machine", () => {
  test("a group counts what is in it, and is gone afterwards", async () => {
    const cage = real?.make({ memory_bytes_max: 64 * 1024 * 1024, processes_max: 5 });
    // The inner shell gives up at the first fork it is refused; the outer one needs none to go on.
    const child = Bun.spawn(["/bin/sh", "-c", "read x; (for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done); exec sleep 9"], { stdin: "pipe", stdout: "ignore", stderr: "ignore" });
    cage?.add(child.pid);
    await child.stdin.write("\n");
    await child.stdin.end();
    while ((cage?.refused_processes() ?? 1) === 0) await Bun.sleep(5);
    expect(cage?.cpu_us()).toBeGreaterThan(0);
    expect(cage?.memory_bytes_peak()).toBeGreaterThan(0);
    const folder = readFileSync(`/proc/${child.pid}/cgroup`, "utf8").split("\n").find((line) => line.includes("maestro-job-"));
    expect(folder).toContain(`maestro-job-${process.pid}-`);
    for (const { pid } of allProcesses()) if (readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(`maestro-job-${process.pid}-`)) process.kill(pid, "SIGKILL");
    await child.exited;
    await Bun.sleep(50);
    cage?.remove();
    const left = ["memory", "pids", "unified", ""].map((controller) => join("/sys/fs/cgroup", controller, folder?.split(":")[2] ?? "none"));
    expect(left.filter((path) => existsSync(path))).toEqual([]);
  });
});
