import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { git, makeBranches, makeHistory } from "./history.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-history-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a made history is the same twice, whole, and as long as asked", () => {
  const [one, two] = [join(folder, "one"), join(folder, "two")];
  for (const path of [one, two]) makeHistory(path, 30, 40);
  expect(git(one, ["rev-parse", "main"])).toBe(git(two, ["rev-parse", "main"]));
  expect(git(one, ["rev-list", "--count", "main"])).toBe("41");
  expect(git(one, ["fsck", "--strict", "--no-dangling"])).toBe("");
  expect(git(one, ["ls-tree", "-r", "--name-only", "main"]).split("\n")).toHaveLength(32);
});

test("made branches each hold one small change of main", () => {
  const path = join(folder, "branches");
  makeBranches(path, 30, 3);
  const changes = [1, 2, 3].map((branch) => git(path, ["diff", "--numstat", `main..change-${branch}`]));
  expect(new Set(changes).size).toBe(3);
  for (const [i, change] of changes.entries()) {
    expect(change.split("\n").length).toBeWithin(2, 7);
    expect(git(path, ["rev-list", "--count", `main..change-${i + 1}`])).toBe("1");
  }
});
