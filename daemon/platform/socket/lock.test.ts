import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeLock } from "./lock.ts";
import { scratch, type Scratch } from "./testing/raw.ts";

const LOCKER = join(import.meta.dir, "testing/locker.ts");
let dir: Scratch;
beforeEach(() => {
  dir = scratch();
});
afterEach(() => dir.remove());

async function locker(path: string) {
  const child = Bun.spawn([process.execPath, LOCKER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return { child, said: new TextDecoder().decode(value) };
}

test("a second holder is refused and told the pid of the first", () => {
  const lock = takeLock(dir.path("lock"));
  expect(() => takeLock(dir.path("lock"))).toThrow(expect.objectContaining({ code: "daemon.another_instance", detail: `pid ${process.pid} holds ${lock.path}` }));
  lock.release();
});

test("a second process is refused without waiting, in less than a second of its own time", async () => {
  const lock = takeLock(dir.path("lock"));
  const { child, said } = await locker(lock.path);
  expect(await child.exited).toBe(75);
  expect(Number(child.resourceUsage()?.cpuTime.total ?? Infinity)).toBeLessThan(1_000_000);
  expect(said).toContain(`pid ${process.pid} holds`);
  lock.release();
});

test("a released lock can be taken again, and its file stays", () => {
  const first = takeLock(dir.path("lock"));
  first.release();
  first.release();
  expect(readFileSync(first.path, "utf8")).toBe("");
  const second = takeLock(dir.path("lock"));
  expect(readFileSync(second.path, "utf8")).toBe(`${process.pid}\n`);
  second.release();
});

test("kill -9 frees the lock although a child of the dead holder lives on", async () => {
  const { child, said } = await locker(dir.path("lock"));
  const orphan = Number(said.split(" ")[1]);
  child.kill("SIGKILL");
  await child.exited;
  expect(process.kill(orphan, 0)).toBe(true);
  const lock = takeLock(dir.path("lock"));
  expect(readFileSync(lock.path, "utf8")).toBe(`${process.pid}\n`);
  lock.release();
  process.kill(orphan, "SIGKILL");
});

test("a symlink planted as the lock is not followed", () => {
  writeFileSync(dir.path("victim"), "precious");
  symlinkSync(dir.path("victim"), dir.path("lock"));
  expect(() => takeLock(dir.path("lock"))).toThrow("ELOOP");
  expect(readFileSync(dir.path("victim"), "utf8")).toBe("precious");
});
