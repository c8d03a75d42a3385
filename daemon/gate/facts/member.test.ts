import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { GitReader } from "../../platform/git/reader.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { memberOf } from "./member.ts";

let scratch: Scratch;
let source: Source;
let target: string;
let member: string;
let merged: string;
beforeAll(async () => {
  scratch = await Scratch.create();
  source = scratch.source();
  await source.commit({ a: "1\n2\n3\n4\n5\n", b: "b\n" });
  source.git("switch", "-qc", "topic");
  await source.commit({ a: "1\n2\n3\n4\nfive\n" });
  member = await source.commit({ "ci.yml": "on: push\n" });
  source.git("switch", "-q", "main");
  target = await source.commit({ a: "one\n2\n3\n4\n5\n" });
  merged = merge(target, member);
});
afterAll(() => scratch.dispose());

const merge = (first: string, second: string): string => {
  const tree = source.git("merge-tree", "--write-tree", first, second);
  return source.commitTree(tree, [first, second]);
};

async function found(onto: string, head: string): Promise<string | null> {
  await using reader = new GitReader(scratch.tools, { git_dir: join(source.path, ".git"), object_format: "sha1" }, { deadline_ms: 20_000, commits_max: 100 });
  return await memberOf(reader, { target: onto, head });
}

test("a queue's merge commit is its member, carried to the target's tip", async () => {
  expect(await found(target, merged)).toBe(member);
});

describe("is nobody's:", () => {
  test("attack: a merge commit with one more line than git makes of the two", async () => {
    source.git("switch", "-q", "--detach", merged);
    const evil = source.commitTree(source.treeOf(await source.commit({ b: "evil\n" })), [target, member]);
    expect(await found(target, evil)).toBeNull();
  });

  test("attack: the tree of the member alone, which takes back what the target got since", async () => {
    expect(await found(target, source.commitTree(source.treeOf(member), [target, member]))).toBeNull();
  });

  test("attack: a commit on top of the member, or of the merge", async () => {
    expect(await found(target, source.commitTree(source.treeOf(merged), [member]))).toBeNull();
    expect(await found(target, source.commitTree(source.treeOf(merged), [merged]))).toBeNull();
  });

  test("attack: a group of two, in which one could hide behind what was seen of the other", async () => {
    source.git("switch", "-qc", "second", `${target}^`);
    const second = await source.commit({ "ci2.yml": "on: push\n" });
    expect(await found(target, merge(merged, second))).toBeNull();
    expect(await found(target, source.commitTree(source.treeOf(merged), [target, member, second]))).toBeNull();
  });

  test("the two parents in the other order, a squash, and a target that has moved on", async () => {
    expect(await found(target, source.commitTree(source.treeOf(merged), [member, target]))).toBeNull();
    expect(await found(target, source.commitTree(source.treeOf(merged), [target]))).toBeNull();
    const moved = source.commitTree(source.treeOf(target), [target]);
    expect(await found(moved, merged)).toBeNull();
  });

  test("a conflict that somebody solved by hand", async () => {
    source.git("switch", "-q", "--detach", target);
    const conflicting = await source.commit({ a: "1\n2\n3\n4\nfifth\n" });
    expect(await found(conflicting, source.commitTree(source.treeOf(merged), [conflicting, member]))).toBeNull();
  });

  test("a member whose files were never stored", async () => {
    const repository = await scratch.store.open("local:0:bare", "sha1");
    await scratch.receive(repository, { tips: [target, merged] }, source.body(source.git("rev-list", merged).split("\n"), [target, merged]));
    await using reader = scratch.reader(repository);
    expect(await memberOf(reader, { target, head: merged })).toBeNull();
  });
});
