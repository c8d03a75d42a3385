import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { GitReader } from "../../platform/git/reader.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { resolveChange, type Change } from "./change.ts";

let scratch: Scratch;
let serial = 0;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

const fresh = (): Source => scratch.source(`source-${++serial}`);

async function resolved(source: Source, target: string, head: string, trusted_target = false): Promise<Change> {
  await using reader = new GitReader(scratch.tools, { git_dir: join(source.path, ".git"), object_format: "sha1" }, { deadline_ms: 20_000, commits_max: 100 });
  return await resolveChange(reader, { object_format: "sha1", target, head, trusted_target });
}

test("attack: the caller names as target a commit of its own with a looser maestro.yaml; configuration comes from the merge base", async () => {
  const source = fresh();
  const base = await source.commit({ "maestro.yaml": "version: 1\nrequired: [licence]\n" });
  source.git("checkout", "-q", "-b", "topic");
  const head = await source.commit({ a: "1\n" });
  source.git("checkout", "-q", "-b", "mine", base);
  const target = await source.commit({ "maestro.yaml": "version: 1\n" });
  expect(await resolved(source, target, head)).toMatchObject({ config_commit: base, resolved: { kind: "merge", merge_base: base, base: target } });
});

test("a target that the daemon itself found configures by its own tip; a landed head still by what stood before it", async () => {
  const source = fresh();
  const base = await source.commit({ a: "1\n" });
  source.git("checkout", "-q", "-b", "topic");
  const head = await source.commit({ b: "1\n" });
  source.git("checkout", "-q", "main");
  const target = await source.commit({ "maestro.yaml": "version: 1\nrequired: [licence]\n" });
  expect(await resolved(source, target, head, true)).toMatchObject({ config_commit: target, resolved: { merge_base: base } });
  const loosened = await source.commit({ "maestro.yaml": "version: 1\n" });
  const later = await source.commit({ c: "1\n" });
  expect(await resolved(source, later, loosened, true)).toMatchObject({ config_commit: target, resolved: { kind: "landed" } });
});

test("what is compared is what git itself would merge", async () => {
  const source = fresh();
  const base = await source.commit({ a: "1\n2\n3\n", b: "x\n" });
  source.git("checkout", "-q", "-b", "topic");
  const head = await source.commit({ a: "1\n2\nthree\n" });
  source.git("checkout", "-q", "main");
  const target = await source.commit({ a: "one\n2\n3\n" });
  const merge_tree = source.git("merge-tree", "--write-tree", target, head);
  expect(await resolved(source, target, head)).toEqual({
    resolved: { history: "known", kind: "merge", merge_base: base, base: target, merge_tree, conflicts: [] },
    basis: "target..merge", old_tree: source.treeOf(target), new_tree: merge_tree, config_commit: base,
  });
});

test("where the merge conflicts, the change's own lines are compared instead, and no merged tree is claimed", async () => {
  const source = fresh();
  const base = await source.commit({ a: "1\n" });
  source.git("checkout", "-q", "-b", "topic");
  const head = await source.commit({ a: "2\n" });
  source.git("checkout", "-q", "main");
  const target = await source.commit({ a: "3\n" });
  expect(await resolved(source, target, head)).toMatchObject({ resolved: { merge_tree: null, conflicts: [{ u: "a" }] }, basis: "base..head", old_tree: source.treeOf(base), new_tree: source.treeOf(head) });
});

test("a landed head is compared with its first parent, whatever the target did since", async () => {
  const source = fresh();
  const first = await source.commit({ a: "1\n" });
  const head = await source.commit({ a: "2\n" });
  const target = await source.commit({ a: "3\n" });
  expect(await resolved(source, target, head)).toMatchObject({ resolved: { kind: "landed", base: first, merge_tree: source.treeOf(head) }, old_tree: source.treeOf(first), config_commit: first });
});

test("histories that share nothing, and two merge bases, are unknown with their reason", async () => {
  const source = fresh();
  const one = source.commitTree(source.tree(["100644", "a", source.object("blob", "1\n")]));
  const two = source.commitTree(source.tree(["100644", "b", source.object("blob", "2\n")]));
  expect(await resolved(source, one, two)).toMatchObject({ resolved: { history: "unknown", because: expect.stringContaining("share no commit") } });
  const tree = source.treeOf(one);
  const [left, right] = [source.commitTree(tree, [one], "left"), source.commitTree(tree, [one], "right")];
  const [target, head] = [source.commitTree(tree, [left, right], "target"), source.commitTree(tree, [right, left], "head")];
  expect(await resolved(source, target, head)).toMatchObject({ resolved: { history: "unknown", because: expect.stringContaining("several merge bases") } });
});

test("a commit that is not there is unknown, never an empty change", async () => {
  const source = fresh();
  const target = await source.commit({ a: "1\n" });
  expect(await resolved(source, target, "9".repeat(40))).toMatchObject({ resolved: { history: "unknown" } });
  expect(await resolved(source, "9".repeat(40), target)).toMatchObject({ resolved: { history: "unknown" } });
});
