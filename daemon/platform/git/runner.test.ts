import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findGit, Git, isRecent, lastWords } from "./runner.ts";
import { Scratch } from "./testing/scratch.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

const OPTIONS = { stdout_bytes_max: 65536, deadline_ms: 5_000 };

function fakeGit(name: string, script: string): string {
  const folder = join(scratch.root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "git"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "git"), 0o755);
  return folder;
}

test("no git, an old git and something that is not git are git.missing", async () => {
  for (const path of ["/nonexistent", fakeGit("old", "echo git version 2.37.9"), fakeGit("other", "echo hello"), fakeGit("failing", "echo git version 2.50.0; exit 1")]) {
    await expect(findGit(path)).rejects.toMatchObject({ code: "git.missing" });
  }
  expect((await findGit(fakeGit("new", "echo git version 3.0.1.apple"))).version).toBe("3.0.1");
});

test("2.38 is the first version with what is needed", () => {
  expect(["2.38.0", "2.39.5", "3.0", "2.37.9", "1.99"].map(isRecent)).toEqual([true, true, true, false, false]);
});

test("every setting git sees comes from our command line or the store's own file", async () => {
  const repository = await scratch.store.open("local:0:config", "sha1");
  const listed = Buffer.from(await scratch.git.output(repository, ["config", "--list", "--show-origin"], OPTIONS)).toString();
  const origins = new Set(listed.trim().split("\n").map((line) => line.split("\t")[0]));
  expect([...origins].sort()).toEqual(["command line:", `file:${repository.git_dir}/config`]);
  expect(listed).toContain("core.hookspath=/dev/null");
});

test("nothing of the daemon's environment reaches git", async () => {
  const echo = new Git({ git: "/usr/bin/env", version: "0", prlimit: null });
  const run = Bun.spawnSync({ cmd: ["/usr/bin/env"], env: echo.env({ git_dir: "/g", object_format: "sha1" }) });
  const names = run.stdout.toString().trim().split("\n").map((line) => line.split("=")[0] ?? "");
  expect(names).not.toContain("GIT_DIR");
  expect(names.filter((name) => !/^(?:GIT_[A-Z_]+|PATH|HOME|LC_ALL|TZ)$/.test(name))).toEqual([]);
});

test("resource limits are set where prlimit is installed", async () => {
  const repository = await scratch.store.open("local:0:limits", "sha1");
  const resources = { address_bytes_max: 64 * 1024 * 1024, cpu_s_max: 5, file_bytes_max: 1000 };
  const argv = scratch.git.argv(repository, ["version"], { resources });
  expect(argv.slice(0, 5)).toEqual([scratch.tools.prlimit ?? "", "--as=67108864", "--cpu=5", "--fsize=1000", "--core=0"]);
  const write = scratch.git.run(repository, ["hash-object", "-w", "--stdin"], { ...OPTIONS, resources, stdin: crypto.getRandomValues(new Uint8Array(5000)) });
  // SIGXFSZ or the write error it stands for: either way nothing was written.
  expect(await write.then(({ code }) => code !== 0, () => true)).toBe(true);
});

test("git's last words are one printable line, the error before the fatal", () => {
  expect(lastWords("warning: x\nerror: object 1: bad\u001b[31m\nfatal: fsck\n")).toBe("error: object 1: bad?[31m");
  expect([lastWords(""), lastWords("fatal: " + "x".repeat(5000)).length]).toEqual(["no message", 300]);
});
