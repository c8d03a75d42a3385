import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "./folders.ts";

test("a folder goes with everything in it, and what is not there is gone already", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-folders-"));
  mkdirSync(join(folder, "a"));
  writeFileSync(join(folder, "a", "b"), "");
  await removeTree(folder);
  expect(existsSync(folder)).toBe(false);
  await removeTree(folder);
  expect(existsSync(folder)).toBe(false);
});

test("attack: the disk lets nothing go; that is the disk's failure and no bug of ours", async () => {
  // Nobody unlinks what the kernel shows of a process.
  const failure = await removeTree("/proc/self/attr").catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "store.commit" });
});
