import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeLeftovers } from "./engines.ts";

const home = mkdtempSync(join(tmpdir(), "maestro-engines-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("bad luck: setup is killed while it installs, and leaves a folder of engines each time: the next run removes it, and none of a run that goes on", async () => {
  const gone = Bun.spawn(["true"]);
  await gone.exited;
  const names = ["engine", "other", ".engine-made-1", `.engine-making-${process.pid}-a1`, `.engine-making-${gone.pid}-b2`, `.engine-making-${gone.pid}-b2-old`, ".other-making-1-c3"];
  for (const name of names) mkdirSync(join(home, name, "node_modules"), { recursive: true });
  removeLeftovers(join(home, "engine"));
  expect(readdirSync(home).sort()).toEqual(names.filter((name) => !name.includes(String(gone.pid))).sort());
});
