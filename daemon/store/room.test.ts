import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { skipWithout } from "../testing/skip.ts";
import { requireWritable } from "./room.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-room-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a folder with room is left without a file more", () => {
  requireWritable(dir, 1);
  expect(readdirSync(dir)).toEqual([]);
});

test("less than the limit is no room", () => {
  expect(() => requireWritable(dir, Number.MAX_SAFE_INTEGER)).toThrow(expect.objectContaining({ code: "store.no_space" }));
});

const mounts = skipWithout(process.getuid?.() === 0 && Bun.which("unshare") !== null, "read-only and full file systems: needs root and unshare");

describe.skipIf(mounts)("on a file system of its own", () => {
  /** What asking throws on a tmpfs of `options`, after `then` was done to it. */
  function asked(options: string, then: string): string {
    const script = `import { requireWritable } from ${JSON.stringify(join(import.meta.dir, "room.ts"))}; try { requireWritable(${JSON.stringify(dir)}, 1); console.log("writable"); } catch (error) { console.log(error.code); }`;
    const ran = Bun.spawnSync(["unshare", "--mount", "--propagation", "private", "sh", "-c", `mount -t tmpfs -o ${options} none "$1" && ${then} && exec "$2" -e "$3"`, "sh", dir, process.execPath, script]);
    return `${ran.stdout}${ran.stderr}`.trim();
  }

  test("one that is writable", () => expect(asked("size=1m", "true")).toBe("writable"));
  test("one that went read-only, although access(2) says yes to root", () => expect(asked("size=1m", 'mount -o remount,ro "$1"')).toBe("store.read_only"));
  test("a mount of it that is read-only", () => expect(asked("size=1m", 'mount -o remount,bind,ro "$1"')).toBe("store.read_only"));
  test("one that takes no more files", () => expect(asked("size=1m,nr_inodes=2", 'touch "$1/a"')).toBe("store.no_space"));
});
