import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeVerifierKey } from "./projection.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-projection-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file of the log that cannot get its name leaves nothing beside it", async () => {
  mkdirSync(join(folder, "log.vkey", "in-the-way"), { recursive: true });
  await expect(writeVerifierKey(folder, "key")).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(["log.vkey"]);
});
