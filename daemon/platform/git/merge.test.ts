import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { pathText } from "../../../proto/scalar.ts";
import { skipWithout } from "../../testing/skip.ts";
import { FORMATS, objectId } from "./object-format.ts";
import { mergeTrees, type MergeOutcome, type MergeTrees } from "./merge.ts";
import type { Repository } from "./repository-store.ts";
import { Git } from "./runner.ts";
import { Scratch, type Source } from "./testing/scratch.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

let sources = 0;
const lines = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}\n`).join("");

/** A base and two branches on it, as commits. */
async function forked(base: Record<string, string>, ours: Record<string, string | null>, theirs: Record<string, string | null>): Promise<{ source: Source; base: string; target: string; head: string }> {
  const source = scratch.source(`merge-${sources++}`);
  const start = await source.commit(base);
  source.git("checkout", "-q", "-b", "branch");
  const head = await source.commit(theirs);
  source.git("checkout", "-q", "main");
  return { source, base: start, target: await source.commit(ours), head };
}

async function merged({ source, base, target, head }: Awaited<ReturnType<typeof forked>>): Promise<MergeOutcome> {
  const repository = await scratch.stored(source, [base, target, head], `local:0:${source.path}`);
  await using reader = scratch.reader(repository);
  return await reader.merge({ base: source.treeOf(base), target: source.treeOf(target), head: source.treeOf(head) });
}

/** What an ordinary `git merge` commits in the full repository. */
function real(source: Source, head: string): string {
  source.git("merge", "-q", "--no-edit", head);
  return source.treeOf("HEAD");
}

test("the tree is the real merge's: edits on both sides of one file", async () => {
  const fork = await forked({ f: lines(1, 40), g: "g\n" }, { f: `first\n${lines(1, 40)}`, new: "n\n" }, { f: `${lines(1, 40)}last\n`, g: null });
  expect(await merged(fork)).toEqual({ result: "merged", tree: real(fork.source, fork.head) });
});

test("the tree is the real merge's: a file renamed on one side and edited on the other", async () => {
  const fork = await forked({ "old.txt": lines(1, 40), "dir/a": lines(50, 90) }, { "old.txt": null, "new.txt": lines(1, 40), "dir/a": null, "moved/a": lines(50, 90) }, { "old.txt": `${lines(1, 40)}last\n`, "dir/a": `x\n${lines(50, 90)}` });
  expect(await merged(fork)).toEqual({ result: "merged", tree: real(fork.source, fork.head) });
});

test("the tree is the real merge's although several commits lie on both sides", async () => {
  const fork = await forked({ f: lines(1, 60) }, { f: `a\n${lines(1, 60)}` }, { f: `${lines(1, 60)}z\n` });
  const target = await fork.source.commit({ f: `a\nb\n${lines(1, 60)}`, other: "1\n" });
  expect(await merged({ ...fork, target })).toEqual({ result: "merged", tree: real(fork.source, fork.head) });
});

test("a conflict names its files and gives no tree", async () => {
  const fork = await forked({ "a b\n.txt": "1\n", ok: "1\n" }, { "a b\n.txt": "2\n" }, { "a b\n.txt": "3\n", ok: "2\n" });
  const outcome = await merged(fork);
  expect(outcome.result).toBe("conflict");
  expect("paths" in outcome ? outcome.paths.map(pathText) : []).toEqual(["a b\n.txt"]);
  expect("tree" in outcome).toBe(false);
});

test("a file deleted on one side and edited on the other is a conflict", async () => {
  const fork = await forked({ f: lines(1, 9) }, { f: null, keep: "k" }, { f: lines(1, 10) });
  expect((await merged(fork)).result).toBe("conflict");
});

test("merge=union in the change's own attributes has no effect", async () => {
  const attributes = "* merge=union\n";
  const fork = await forked({ f: "1\n", ".gitattributes": attributes }, { f: "2\n" }, { f: "3\n" });
  expect((await merged(fork)).result).toBe("conflict");
  // The control: in a work tree the attribute is obeyed, so this test can fail.
  expect(real(fork.source, fork.head)).toHaveLength(40);
});

test("submodules moved on both sides are a conflict, and nothing is fetched", async () => {
  const source = scratch.source("submodules");
  const pin = (oid: string): string => source.tree(["160000", "sub", oid.repeat(40)]);
  const base = source.commitTree(pin("1"));
  const [target, head] = [source.commitTree(pin("2"), [base]), source.commitTree(pin("3"), [base])];
  expect((await merged({ source, base, target, head })).result).toBe("conflict");
});

test("the same three trees always give the same synthetic commits, which git itself can read", async () => {
  const fork = await forked({ f: "1\n" }, { g: "1\n" }, { h: "1\n" });
  const repository = await scratch.stored(fork.source, [fork.base, fork.target, fork.head], "local:0:twice");
  await using reader = scratch.reader(repository);
  const trees = { base: fork.source.treeOf(fork.base), target: fork.source.treeOf(fork.target), head: fork.source.treeOf(fork.head) };
  const first = await reader.merge(trees);
  const files = scratch.files(repository);
  expect(await reader.merge(trees)).toEqual(first);
  expect(scratch.files(repository)).toEqual(files);
  const fsck = await scratch.git.run(repository, ["fsck", "--full", "--strict"], { stdout_bytes_max: 65536, deadline_ms: 10_000 });
  expect([fsck.code, fsck.stdout.toString().match(/dangling commit/g)?.length]).toEqual([0, 4]);
});

test("a sha256 repository merges", async () => {
  const source = scratch.source("merge-sha256", "sha256");
  const base = await source.commit({ f: "1\n" });
  source.git("checkout", "-q", "-b", "branch");
  const head = await source.commit({ g: "1\n" });
  source.git("checkout", "-q", "main");
  const target = await source.commit({ h: "1\n" });
  expect(await merged({ source, base, target, head })).toEqual({ result: "merged", tree: real(source, head) });
});

test("ids are computed as git does", () => {
  expect(objectId("sha1", "tree", new Uint8Array(0))).toBe(FORMATS.sha1.empty_tree);
  expect(objectId("sha256", "tree", new Uint8Array(0))).toBe(FORMATS.sha256.empty_tree);
});

const DEADLINE = { deadline_ms: 60_000 };
const untraced = skipWithout(Bun.which("strace") !== null, "strace is not installed, so nobody sees whether git syncs what it writes");

/** A fork that has to be merged, in a store that has its objects. */
async function storedFork(): Promise<{ repository: Repository; trees: MergeTrees; tree: string }> {
  const { source, base, target, head } = await forked({ f: lines(1, 40), "a/b": "1\n" }, { f: `first\n${lines(1, 40)}` }, { "a/b": "2\n" });
  const repository = await scratch.stored(source, [base, target, head], `local:0:${source.path}`);
  return { repository, trees: { base: source.treeOf(base), target: source.treeOf(target), head: source.treeOf(head) }, tree: real(source, head) };
}

/** Loose objects and whatever stands beside them. */
function looseIn({ git_dir }: Repository): string[] {
  const objects = join(git_dir, "objects");
  return readdirSync(objects).filter((name) => name.length === 2).flatMap((name) => readdirSync(join(objects, name)).map((file) => join(objects, name, file)));
}

const isCommit = (path: string): boolean => inflateSync(readFileSync(path)).toString("latin1").startsWith("commit ");

test("a power cut emptied the merge's input: it is written again", async () => {
  const { repository, trees, tree } = await storedFork();
  await mergeTrees(scratch.git, repository, trees, DEADLINE);
  const commits = looseIn(repository).filter(isCommit);
  for (const path of commits) {
    chmodSync(path, 0o600);
    truncateSync(path, 0);
  }
  expect(commits.length).toBe(3);
  expect(await mergeTrees(scratch.git, repository, trees, DEADLINE)).toEqual({ result: "merged", tree });
});

test.skipIf(untraced)("a power cut empties no merged tree: git syncs each object before it gets its name", async () => {
  const { repository, trees, tree } = await storedFork();
  const [traced, trace] = [join(scratch.root, "traced-git"), join(scratch.root, "trace")];
  writeFileSync(traced, `#!/bin/sh\nexec "${Bun.which("strace")}" -f -y -o "${trace}" -e trace=fsync,fdatasync,link,rename "${scratch.tools.git}" "$@"\n`, { mode: 0o755 });
  expect(await mergeTrees(new Git({ ...scratch.tools, git: traced }), repository, trees, DEADLINE)).toEqual({ result: "merged", tree });
  const calls = readFileSync(trace, "utf8").split("\n");
  const named = calls.flatMap((line, at) => [...line.matchAll(/(?:link|rename)\("[^"]*(tmp_obj_\w+)", "/g)].map(([, name = ""]) => ({ name, at })));
  expect(named.length).toBe(1);
  expect(named.filter(({ name, at }) => !calls.slice(0, at).some((line) => line.includes("sync(") && line.includes(name)))).toEqual([]);
});

test("an input that cannot be written leaves nothing beside it", async () => {
  const { repository, trees } = await storedFork();
  await mergeTrees(scratch.git, repository, trees, DEADLINE);
  const [first = ""] = looseIn(repository).filter(isCommit);
  rmSync(first);
  mkdirSync(join(first, "in-the-way"), { recursive: true });
  await expect(mergeTrees(scratch.git, repository, trees, DEADLINE)).rejects.toThrow();
  expect(looseIn(repository).filter((path) => !/\/[0-9a-f]{38}$/.test(path) || statSync(path).size === 0)).toEqual([]);
});
