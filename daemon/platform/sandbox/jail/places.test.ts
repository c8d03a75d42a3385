/** Which folders of the host may be shown, and where inside. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { MaestroError } from "../../../../proto/errors.ts";
import { placedJob } from "./places.ts";
import { NOTHING_REMOVED } from "./protections.ts";
import { jobOf, scratch, type Scratch } from "../testing/rig.ts";
import type { WireJob } from "../wire.ts";

let dir: Scratch;
let state = "";
beforeAll(() => {
  dir = scratch();
  state = join(dir.path, "state");
  for (const path of ["state/keys", "state/scratch/gate1", "tools", "statement"]) mkdirSync(join(dir.path, path), { recursive: true });
  symlinkSync(join(state, "keys"), join(dir.path, "innocent"));
});
afterAll(() => dir[Symbol.dispose]());

const place = () => ({ tools: [], private_paths: [state], work_paths: [join(state, "scratch")] });
const job = (given: Partial<WireJob>): WireJob => ({ ...jobOf(["/bin/true"]), argv: ["/bin/true"], env: {}, mounts: [], wanted: [], stdin: null, tree_dir: dir.path + "/tools", ...given });
const refusal = (given: Partial<WireJob>): string => {
  try {
    placedJob(job(given), place(), NOTHING_REMOVED);
  } catch (error) {
    if (error instanceof MaestroError && error.code === "sandbox.failed") return error.detail;
    throw error;
  }
  return "allowed";
};
const mount = (host: string, inside = "/tools"): Partial<WireJob> => ({ mounts: [{ host, inside }] });

describe("a mount", () => {
  test("of a tool folder, and a tree the daemon wrote out below its own state, are shown by their real path", () => {
    const placed = placedJob(job({ ...mount(join(dir.path, "tools")), tree_dir: join(state, "scratch/gate1") }), place(), NOTHING_REMOVED);
    expect(placed.mounts).toEqual([{ host: realpathSync(join(dir.path, "tools")), inside: "/tools" }]);
    expect(placed.tree_dir).toBe(realpathSync(join(state, "scratch/gate1")));
  });

  test("that shows state, keys or everything is refused, by whatever path", () => {
    for (const host of [state, join(state, "keys"), join(state, "scratch"), dir.path, "/", join(dir.path, "innocent"), `${dir.path}/tools/../state/keys`]) {
      expect(refusal(mount(host))).toContain("which no job may see");
    }
    expect(refusal({ tree_dir: state })).toContain("which no job may see");
    expect(refusal(mount(join(dir.path, "statement")))).toBe("allowed");
  });

  test("of sockets, devices and the kernel's own files is refused", () => {
    for (const host of ["/run", "/dev", "/proc", "/sys", "/dev/pts"]) expect(refusal(mount(host))).toContain("which no job may see");
  });

  test("in the sandbox's own places, or at a path that is none, is refused", () => {
    for (const inside of ["/", "/change", "/change/x", "/scratch", "/proc", "/dev/shm", "/.maestro/x"]) expect(refusal(mount(join(dir.path, "tools"), inside))).not.toBe("allowed");
    for (const inside of ["tools", "/a/../b", "/a//b", "/./a", ""]) expect(refusal(mount(join(dir.path, "tools"), inside))).toContain("absolute path");
  });

  test("of a folder that is not there is refused by its name", () => {
    expect(refusal(mount(join(dir.path, "nowhere")))).toContain("nowhere");
  });
});
