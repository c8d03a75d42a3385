import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  test("generate writes a test that imports the code from where the file lies, and overwrites none", () => {
    const out = join(folder, "kept.test.ts");
    expect(invariants("generate", "clamp", "--out", out)).toMatchObject({ exitCode: 0 });
    const text = readFileSync(out, "utf8");
    expect(text).toContain("`maestro invariants generate clamp` from cap.yaml.");
    expect(text).toContain('import { clamp as target } from "./src/clamp.ts";');
    expect(text).toContain("holds: ({ now }) => now.total_spend_usd <= now.budget_usd");
    expect(invariants("generate", "clamp", "--out", out)).toEqual({ exitCode: 2, stdout: "", stderr: expect.stringContaining("is there already") });
  });

  test("attack: settings of Bun in the folder the user stands in start nothing", () => {
    const ran = join(folder, "ran");
    writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
    writeFileSync(join(folder, "evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(ran)}, "");\n`);
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, CLI, "invariants", "generate", "clamp", "--folder", "."], { cwd: "/", env: { ...process.env, MAESTRO_CWD: folder } });
    rmSync(join(folder, "bunfig.toml"));
    expect([exitCode, stdout.toString().includes("clamp as target"), existsSync(ran)]).toEqual([0, true, false]);
  });

  test("test says what to write for a target or a path that is none", () => {
    expect(invariants("test", "clam")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("did you mean clamp?") });
    expect(invariants("test", "--path", "2:x")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--path takes numbers with colons") });
  });
});
