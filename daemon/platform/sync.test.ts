import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syncTree } from "./sync.ts";

test("a link that leads nowhere, as git leaves one where it may not remove its trial, keeps nothing from being synced", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-sync-"));
  try {
    mkdirSync(join(folder, "a"));
    writeFileSync(join(folder, "a/file"), "x");
    symlinkSync("testing", join(folder, "tAbC123"));
    expect(await syncTree(folder).then(() => "synced")).toBe("synced");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
