import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLauncher, daemonLauncher } from "./launcher.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-launcher-"));
const home = join(folder, "home");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stands where Bun would: says how it was called, and ends as it is told. */
function bunThat(ends: string): void {
  writeFileSync(join(home, "bun"), `#!/bin/sh\necho "$PWD|$MAESTRO_CWD|$BUN_JSC_useJIT|$*"\n${ends}\n`);
  chmodSync(join(home, "bun"), 0o755);
}

function launched(text: string, ...args: readonly string[]): { readonly code: number | null; readonly stdout: string } {
  const { exitCode, stdout } = Bun.spawnSync(["/bin/sh", "-c", text, "maestro", ...args], { cwd: folder, env: { PATH: "/usr/bin:/bin" }, stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, stdout: stdout.toString().trim() };
}

beforeEach(() => {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
});

describe("maestro as it is installed", () => {
  test.each([
    [["hook", "claude"], "0|run/maestro-hook.js hook claude"],
    [["hook", "pre-push", "origin", "ssh://x/y"], "0|run/maestro-hook.js hook pre-push origin ssh://x/y"],
    [["hook", "claude", "--state", "/s"], "|run/maestro.js hook claude --state /s"],
    [["hook", "--help"], "|run/maestro.js hook --help"],
    [["status"], "0|run/maestro.js status"],
    [["status", "--json"], "0|run/maestro.js status --json"],
    [["gate", "a b", "status "], "|run/maestro.js gate a b status "],
    [[], "|run/maestro.js"],
  ])("%p starts the program that answers soonest, in our own folder", (args, said) => {
    bunThat("exit 3");
    expect(launched(commandLauncher(home), ...args)).toEqual({ code: 3, stdout: `${home}|${folder}|${said.trim()}` });
  });

  test.each([["killed", "kill -9 $$"], ["out of its own code", "exit 139"]])("attack: a hook that is %s blocks, and does not count as a yes", (_how, ends) => {
    bunThat(ends);
    expect(launched(commandLauncher(home), "hook", "claude").code).toBe(2);
  });

  test("attack: an installation without its Bun, or without its folder, blocks too", () => {
    expect(launched(commandLauncher(home), "hook", "claude").code).toBe(2);
    expect(launched(commandLauncher(join(folder, "gone")), "hook", "claude").code).toBe(2);
  });
});

test("the daemon is started as itself, so that signals reach it", () => {
  bunThat("exit 7");
  expect(launched(daemonLauncher(home), "--once")).toEqual({ code: 7, stdout: `${home}|${folder}||run/maestrod.js --once` });
});
