import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

setDefaultTimeout(60_000);

const CLI = join(import.meta.dir, "../main.ts");
const folder = mkdtempSync(join(tmpdir(), "maestro-properties-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "cap.yaml"), "id: INV.CAP\nscope: s\nwhen: [{event: model_call}]\nassert: [{expr: total_spend_usd <= budget_usd}]\n");
writeFileSync(join(folder, "targets.yaml"), "targets:\n  clamp: {invariants: [INV.CAP], function: {module: src/clamp.ts, export: clamp, args: [total_spend_usd, budget_usd]}}\n");

const invariants = (...args: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, CLI, "invariants", ...args, "--folder", folder], { cwd: folder });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
};

describe("maestro invariants", () => {
  test("generate prints a test that imports the code from where the file will lie, the same each time, and overwrites nothing", () => {
    const [first, second] = [invariants("generate", "clamp"), invariants("generate", "clamp", "--out", join(folder, "kept.test.ts"))];
    expect(first.stdout).toContain('import { clamp as target } from "./src/clamp.ts";');
    expect(first.stdout).toContain("holds: ({ now }) => now.total_spend_usd <= now.budget_usd");
    expect(readFileSync(join(folder, "kept.test.ts"), "utf8").replace("bun test kept.test.ts", "bun test property.test.ts")).toBe(first.stdout);
    expect([second.exitCode, invariants("generate", "clamp", "--out", join(folder, "kept.test.ts"))]).toEqual([0, { exitCode: 2, stdout: "", stderr: expect.stringContaining("is there already") }]);
  });

  test("test says what to write for a target, a number or a path that is none", () => {
    expect(invariants("test", "clam")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("did you mean clamp?") });
    expect(invariants("test", "--runs", "0")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--runs takes a whole number up to 100000") });
    expect(invariants("test", "--path", "2:x")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--path takes numbers with colons") });
  });
});
