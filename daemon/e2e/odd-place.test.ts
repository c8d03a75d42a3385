import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Scratch } from "../platform/git/testing/scratch.ts";

const ROOT = join(import.meta.dir, "../..");
let dir: string;
let scratch: Scratch;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "maestro-odd-"));
  scratch = await Scratch.create();
});
afterAll(async () => {
  await scratch.dispose();
  rmSync(dir, { recursive: true, force: true });
});

test("a checkout in a folder with a space, a percent sign and an umlaut in its name starts a daemon and judges", async () => {
  const home = join(dir, "my %20 prüfung", "maestro");
  mkdirSync(home, { recursive: true });
  for (const part of ["daemon", "proto", "kernels", "policies", "invariants", "package.json", "tsconfig.json", "bunfig.toml", "bun.lock"]) cpSync(join(ROOT, part), join(home, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(home, "node_modules"));
  const source = scratch.source("odd");
  await source.commit({ a: "1\n" });
  await source.commit({ b: "2\n" });
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir };
  const run = async (...words: string[]) => {
    const child = Bun.spawn([process.execPath, join(home, "daemon/cli/main.ts"), ...words, "--state", join(dir, "state")], { cwd: source.path, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    return { stdout, stderr, code };
  };
  const gated = await run("gate", "--embedded", "--target", "HEAD~1");
  expect([gated.code, gated.stderr, gated.stdout]).toEqual([0, expect.any(String), expect.stringContaining("ADMIT")]);
  expect((await run("stop")).code).toBe(0);
}, 120_000);
