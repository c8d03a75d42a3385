/** Uncommitted work as a commit, in real repositories; afterwards every byte of them is what it was. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planChange } from "./pack.ts";
import { gitIn, snapshotOf, type Snapshot } from "./worktree.ts";

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "maestro-wt-"));
  path = join(home, "repo");
  mkdirSync(path);
  git("init", "-q", "-b", "main");
  write({ "a.txt": "a\n", "b.txt": "b\n", ".gitignore": "ignored\n" });
  git("add", "-A");
  git("commit", "-qm", "first");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const ENV = { HOME: "/nonexistent", PATH: "/usr/bin:/bin", GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@x", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@x", GIT_CONFIG_NOSYSTEM: "1" };
function git(...args: string[]): string {
  const ran = Bun.spawnSync(["git", ...args], { cwd: path, env: ENV });
  if (ran.exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${ran.stderr.toString()}`);
  return ran.stdout.toString().trim();
}
function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
}

/** Every file below, its mode, and the digest of its bytes. */
function everything(folder = path): Record<string, string> {
  const out: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) out[full] = "folder";
    else out[full] = entry.isSymbolicLink() ? `link ${readlinkSync(full)}` : `${statSync(full).mode.toString(8)} ${createHash("sha256").update(readFileSync(full)).digest("hex")}`;
  }
  return out;
}

function look(snapshot: Snapshot, ...args: string[]): string {
  const { objects } = snapshot.env;
  const ran = Bun.spawnSync(["git", ...args], { cwd: path, env: { ...ENV, GIT_OBJECT_DIRECTORY: objects!.directory, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects!.alternates } });
  return ran.stdout.toString().trim();
}

test("staged, unstaged, untracked, removed, a mode and a link are in it; ignored files are not", () => {
  write({ "a.txt": "staged\n" });
  git("add", "a.txt");
  write({ "a.txt": "staged, then changed\n", "new/c.txt": "c\n", ignored: "secret\n" });
  rmSync(join(path, "b.txt"));
  symlinkSync("a.txt", join(path, "link"));
  chmodSync(join(path, ".gitignore"), 0o755);
  using snapshot = snapshotOf(path);
  expect(snapshot.changed).toBe(true);
  expect(look(snapshot, "ls-tree", "-r", "--format=%(objectmode) %(path)", snapshot.head).split("\n")).toEqual(["100755 .gitignore", "100644 a.txt", "120000 link", "100644 new/c.txt"]);
  expect(look(snapshot, "show", `${snapshot.head}:a.txt`)).toBe("staged, then changed");
  expect(look(snapshot, "rev-parse", `${snapshot.head}^`)).toBe(git("rev-parse", "HEAD"));
});

test("the repository is the same byte for byte, before, during and after", () => {
  write({ "a.txt": "changed\n", "c.txt": "c\n" });
  git("stash", "push", "-q", "--include-untracked");
  write({ "a.txt": "again\n", "d.txt": "d\n" });
  git("add", "d.txt");
  git("config", "core.splitIndex", "true");
  git("update-index", "--split-index");
  const before = everything();
  const snapshot = snapshotOf(path, { trailers: ["Assisted-by: x"] });
  expect(everything()).toEqual(before);
  expect(look(snapshot, "log", "-1", "--format=%B", snapshot.head)).toContain("Assisted-by: x");
  snapshot[Symbol.dispose]();
  expect(everything()).toEqual(before);
  // Nothing is left of it: without its own folder the commit is unknown.
  expect(look(snapshot, "cat-file", "-t", snapshot.head)).toBe("");
});

test("control: git's own way leaves traces, so the comparison above can fail", () => {
  write({ "a.txt": "changed\n" });
  const before = everything();
  git("stash", "create");
  expect(everything()).not.toEqual(before);
});

test("the same work is the same commit, other work another, none is HEAD", () => {
  const head = git("rev-parse", "HEAD");
  const oid = (): string => {
    using snapshot = snapshotOf(path);
    return snapshot.head;
  };
  expect(oid()).toBe(head);
  write({ "a.txt": "x\n" });
  const [first, again] = [oid(), oid()];
  write({ "a.txt": "y\n" });
  expect([first === again, first === head, oid() === first]).toEqual([true, false, false]);
});

test("attack: a name service that answers now and then does not make another commit of the same work", () => {
  write({ "a.txt": "x\n" });
  const bin = join(home, "bin");
  mkdirSync(bin);
  // EMAIL stands for the name of the machine: both are what git falls back to where nothing is configured.
  const by = (email: string): string => {
    writeFileSync(join(bin, "git"), `#!/bin/sh\nEMAIL=${email} exec /usr/bin/git "$@"\n`, { mode: 0o755 });
    using snapshot = snapshotOf(path, { env: { HOME: "/nonexistent", PATH: `${bin}:/usr/bin:/bin` } });
    return look(snapshot, "log", "-1", "--format=%an <%ae>", snapshot.head);
  };
  expect([by("one@x"), by("two@x")]).toEqual(["work tree <worktree@localhost>", "work tree <worktree@localhost>"]);
});

test("what is staged alone, as a commit hook sees it", () => {
  write({ "a.txt": "staged\n" });
  git("add", "a.txt");
  write({ "a.txt": "not staged\n", "new.txt": "n\n" });
  using snapshot = snapshotOf(path, { staged: true });
  expect([look(snapshot, "show", `${snapshot.head}:a.txt`), look(snapshot, "ls-tree", "--name-only", snapshot.head).includes("new.txt")]).toEqual(["staged", false]);
});

test("it is planned and packed like any change", async () => {
  write({ "a.txt": "x\n" });
  using snapshot = snapshotOf(path);
  const plan = await planChange(path, { head: snapshot.head, env: snapshot.env });
  expect([plan.head, plan.target]).toEqual([snapshot.head, git("rev-parse", "HEAD")]);
  expect((await new Response(plan.pack()).bytes()).length).toBeGreaterThan(100);
});

test("attack: hooks and file monitors of the repository are not started", () => {
  const planted = join(home, "planted");
  writeFileSync(join(path, ".git/hooks/post-index-change"), `#!/bin/sh\ntouch ${planted}\n`, { mode: 0o755 });
  git("config", "core.fsmonitor", `touch ${planted}; false`);
  write({ "a.txt": "x\n" });
  using snapshot = snapshotOf(path);
  expect([snapshot.changed, readdirSync(home).includes("planted")]).toEqual([true, false]);
});

test("attack: a file changed in the moment in which the index was written is not taken for unchanged", () => {
  const moment = Math.floor(Date.now() / 1_000) - 100;
  git("config", "core.trustctime", "false");
  utimesSync(join(path, "a.txt"), moment, moment);
  git("update-index", "--refresh");
  utimesSync(join(path, ".git/index"), moment, moment);
  write({ "a.txt": "z\n" });
  utimesSync(join(path, "a.txt"), moment, moment);
  using snapshot = snapshotOf(path);
  expect(look(snapshot, "show", `${snapshot.head}:a.txt`)).toBe("z");
});

test("attack: work of one length in the second of the commit, looked at in the next, is not taken for HEAD", async () => {
  const next = (): Promise<void> => Bun.sleep(1_001 - (Date.now() % 1_000));
  await next();
  write({ "a.txt": "b\n" });
  git("add", "a.txt");
  write({ "a.txt": "z\n" });
  await next();
  using snapshot = snapshotOf(path);
  expect(look(snapshot, "show", `${snapshot.head}:a.txt`)).toBe("z");
});

test("a sparse checkout: what lies outside of it is kept, and what was made there is in it", () => {
  write({ "in/x": "1\n", "out/y": "2\n" });
  git("add", "-A");
  git("commit", "-qm", "second");
  git("sparse-checkout", "set", "in");
  write({ "out/new": "3\n" });
  using snapshot = snapshotOf(path);
  expect(look(snapshot, "ls-tree", "-r", "--name-only", snapshot.head).split("\n")).toEqual([".gitignore", "a.txt", "b.txt", "in/x", "out/new", "out/y"]);
});

test("a repository inside without a commit cannot be part of it; which one is said", () => {
  mkdirSync(join(path, "inner"));
  Bun.spawnSync(["git", "init", "-q", join(path, "inner")]);
  write({ "inner/y": "y\n" });
  expect(() => snapshotOf(path)).toThrow("inner/' does not have a commit checked out");
});

test("attack: a filter that never ends does not hold whoever waits for the snapshot", () => {
  git("config", "filter.slow.clean", "sleep 30");
  write({ ".gitattributes": "*.slow filter=slow\n", "x.slow": "x\n" });
  const started = performance.now();
  expect(() => snapshotOf(path, { deadline_ms: 1_000 })).toThrow("did not end within");
  expect(performance.now() - started).toBeLessThan(8_000);
});

test("attack: a path that is no folder, or is not there, is said by name and is no error inside", () => {
  const file = join(import.meta.dir, "worktree.test.ts");
  for (const path of [file, join(file, "x"), "list"]) expect(() => gitIn(path)).toThrow(`${path} cannot be entered`);
});

test("no repository, no commit yet, no work tree: each said by name, nothing left behind", () => {
  // A folder for scratch of its own: in the common one others may be at work.
  const [scratch, { TMPDIR: common }] = [join(home, "tmp"), process.env];
  mkdirSync(scratch);
  process.env["TMPDIR"] = scratch;
  try {
    expect(() => snapshotOf(home)).toThrow("not inside a git repository");
    const empty = join(home, "empty");
    Bun.spawnSync(["git", "init", "-q", empty]);
    expect(() => snapshotOf(empty)).toThrow("no commit yet");
    const bare = join(home, "bare.git");
    Bun.spawnSync(["git", "init", "-q", "--bare", bare]);
    expect(() => snapshotOf(bare)).toThrow();
    expect([tmpdir(), readdirSync(scratch)]).toEqual([scratch, []]);
  } finally {
    if (common === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = common;
  }
});
