/** A user who stands in the change that is to be judged: nothing of that folder may run or redirect the command. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../proto/errors.ts";

const ROOT = join(import.meta.dir, "../..");
const MAIN = join(import.meta.dir, "main.ts");
const PLANTED = "PLANTED CODE RAN";

let hostile: string;
beforeEach(() => {
  hostile = realpathSync(mkdtempSync(join(tmpdir(), "maestro-hostile-folder-")));
  writeFileSync(join(hostile, "planted.ts"), `console.error(${JSON.stringify(PLANTED)});\n`);
  writeFileSync(join(hostile, "bunfig.toml"), 'preload = ["./planted.ts"]\n');
  writeFileSync(join(hostile, "tsconfig.json"), '{"compilerOptions":{"paths":{"*":["./planted.ts"]}}}');
  writeFileSync(join(hostile, ".env"), "MAESTRO_STATE=/planted-state\n");
});
afterEach(() => rmSync(hostile, { recursive: true, force: true }));

function run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): { code: number; text: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...args], { cwd, env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: join(hostile, "home"), ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, text: `${stdout.toString()}${stderr.toString()}` };
}

test("as the launcher starts it, neither bunfig.toml nor tsconfig.json nor .env of the user's folder has a say", () => {
  for (const args of [["version"], ["status"], ["config"], ["stop"], ["verify", "nothing"]]) {
    const { text } = run(args, ROOT, { MAESTRO_CWD: hostile });
    expect(text).not.toContain(PLANTED);
    expect(text).not.toContain("planted-state");
  }
});

test("control: a Bun that starts in that folder runs what lies there, so the test above can fail", () => {
  expect(run(["status"], hostile).text).toContain(PLANTED);
  for (const file of ["bunfig.toml", "tsconfig.json"]) rmSync(join(hostile, file));
  expect(run(["status"], hostile).text).toContain("planted-state");
});

test("relative paths mean the folder the user stands in", () => {
  mkdirSync(join(hostile, "plain"));
  expect(run(["gate", "plain"], ROOT, { MAESTRO_CWD: hostile }).text).toContain("not inside a git repository");
  const { code, text } = run(["gate", "absent"], ROOT, { MAESTRO_CWD: hostile });
  expect([code, text]).toEqual([EXIT.usage, expect.stringContaining("absent")]);
});

test("a folder that is gone is said, not replaced by ours", () => {
  const { code, text } = run(["version"], ROOT, { MAESTRO_CWD: join(hostile, "gone") });
  expect([code, text]).toEqual([EXIT.usage, expect.stringContaining("cannot be entered")]);
});
