import { afterAll, beforeAll, expect, test } from "bun:test";
import { pathText } from "../../../proto/scalar.ts";
import { FORMATS, objectId } from "./object-format.ts";
import type { MergeOutcome } from "./merge.ts";
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
