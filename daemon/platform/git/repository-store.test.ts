import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RepositoryStore } from "./repository-store.ts";
import { Git } from "./runner.ts";
import { Scratch } from "./testing/scratch.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

test("each repository id and object format has a folder of its own, closed to others", async () => {
  const repository = await scratch.store.open("local:1000:github.com/a/b", "sha1");
  expect(basename(repository.folder)).toBe(createHash("sha256").update("local:1000:github.com/a/b").digest("hex"));
  expect([statSync(repository.folder).mode & 0o777, statSync(repository.git_dir).mode & 0o777]).toEqual([0o700, 0o700]);
  const other = await scratch.store.open("local:1000:github.com/a/b", "sha256");
  expect([other.folder, other.git_dir === repository.git_dir]).toEqual([repository.folder, false]);
  const show = await scratch.git.output(other, ["rev-parse", "--show-object-format"], { stdout_bytes_max: 100, deadline_ms: 5_000 });
  expect(Buffer.from(show).toString()).toBe("sha256\n");
});

test("an id that looks like a path stays inside the root", async () => {
  const repository = await scratch.store.open("../../etc/passwd", "sha1");
  expect(dirname(repository.folder)).toBe(scratch.store.root);
});

test("opened twenty times at once it is made once", async () => {
  const opened = await Promise.all(Array.from({ length: 20 }, () => scratch.store.open("local:0:race", "sha1")));
  expect(new Set(opened.map(({ git_dir }) => git_dir)).size).toBe(1);
  expect(scratch.files(scratch.store.at("local:0:race", "sha1")).filter((name) => !name.startsWith("sha1.git"))).toEqual([]);
});

test("what git cannot remove of its own trials comes into no store", async () => {
  const leaving = join(scratch.root, "leaving-git");
  writeFileSync(leaving, `#!/bin/sh\n"${scratch.tools.git}" "$@" || exit\nfor option; do case "$option" in --git-dir=*) /bin/ln -s testing "\${option#--git-dir=}/tAbC123";; esac; done\n`, { mode: 0o755 });
  const store = new RepositoryStore(join(scratch.root, "left"), new Git({ ...scratch.tools, git: leaving }));
  const { git_dir } = await store.open("local:0:left", "sha1");
  expect(readdirSync(git_dir).sort()).toEqual(["HEAD", "config", "objects", "refs"]);
});

test("files that make git look elsewhere close the store", async () => {
  for (const name of ["objects/info/alternates", "objects/info/http-alternates", "info/attributes", "info/grafts", "shallow", "hooks/post-receive", "commondir"]) {
    const repository = await scratch.store.open(`local:0:${name}`, "sha1");
    const path = join(repository.git_dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "/elsewhere\n");
    await expect(scratch.store.open(`local:0:${name}`, "sha1")).rejects.toMatchObject({ code: "store.corrupt" });
  }
});

test("sweep removes what a killed daemon left half received, and only that", async () => {
  const repository = await scratch.store.open("local:0:swept", "sha1");
  mkdirSync(join(repository.folder, "quarantine-abc123", "objects"), { recursive: true });
  expect(await scratch.store.sweep()).toBe(1);
  expect(await scratch.store.open("local:0:swept", "sha1")).toEqual(repository);
  expect(scratch.files(repository).some((name) => name.includes("quarantine"))).toBe(false);
});
