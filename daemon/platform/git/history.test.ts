import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { GitReader } from "./reader.ts";
import type { Repository } from "./repository-store.ts";
import { Scratch, type Source } from "./testing/scratch.ts";

let scratch: Scratch;
let source: Source;
let tree: string;

beforeAll(async () => {
  scratch = await Scratch.create();
  source = scratch.source();
  await source.commit({ f: "1\n" });
  tree = source.treeOf("HEAD");
});
afterAll(() => scratch.dispose());

let repositories = 0;

/** Opens a reader on a store that holds `commits` (all with the one tree) and no others. */
async function withCommits<T>(commits: readonly string[], tips: readonly string[], use: (reader: GitReader, repository: Repository) => Promise<T>): Promise<T> {
  const repository = await scratch.store.open(`local:0:history-${repositories++}`, "sha1");
  await scratch.receive(repository, { tips }, source.body(commits, tips));
  await using reader = scratch.reader(repository);
  return await use(reader, repository);
}

const child = (message: string, ...parents: string[]): string => source.commitTree(tree, parents, message);

describe("resolveChange", () => {
  test("a branch behind its target: the merge base, by hash", async () => {
    const root = child("root");
    const base = child("base", root);
    const target = child("later", base);
    const head = child("branch", base);
    const basis = await withCommits([root, base, target, head], [base, target, head], (reader) => reader.history.resolveChange(target, head));
    expect(basis).toEqual({ known: true, ancestry: "verified-by-hash", kind: "merge", base, target, head });
  });

  test("head that is part of target already: its first parent", async () => {
    const root = child("root");
    const side = child("side", root);
    const main = child("main", root);
    const merge = child("merge", main, side);
    const target = child("later", merge);
    const basis = await withCommits([root, side, main, merge, target], [main, merge, target], (reader) => reader.history.resolveChange(target, merge));
    expect(basis).toMatchObject({ known: true, kind: "landed", base: main, head: merge });
  });

  test("a root commit has no base", async () => {
    const root = child("only");
    expect(await withCommits([root], [root], (reader) => reader.history.resolveChange(root, root))).toMatchObject({ known: true, kind: "landed", base: null });
  });

  test("head whose first parent was cut off is unknown, not a root commit", async () => {
    const root = child("root");
    const head = child("head", root);
    const basis = await withCommits([head], [head], (reader) => reader.history.resolveChange(head, head));
    expect(basis).toMatchObject({ known: false, because: "history_cut" });
  });

  test("criss-cross: two merge bases are unknown", async () => {
    const root = child("root");
    const [a, b] = [child("a", root), child("b", root)];
    const [target, head] = [child("ab", a, b), child("ba", b, a)];
    const basis = await withCommits([root, a, b, target, head], [target, head], (reader) => reader.history.resolveChange(target, head));
    expect(basis).toMatchObject({ known: false, because: "several_merge_bases" });
    expect("detail" in basis ? basis.detail.split(", ").sort() : []).toEqual([a, b].sort());
  });

  test("an octopus merge landed: its first parent", async () => {
    const root = child("root");
    const arms = ["a", "b", "c", "d"].map((name) => child(name, root));
    const octopus = child("octopus", ...arms);
    const basis = await withCommits([root, ...arms, octopus], [arms[0] ?? "", octopus], (reader) => reader.history.resolveChange(octopus, octopus));
    expect(basis).toMatchObject({ known: true, kind: "landed", base: arms[0] });
  });

  test("histories that never met are unknown", async () => {
    const [one, two] = [child("one"), child("two")];
    expect(await withCommits([one, two], [one, two], (reader) => reader.history.resolveChange(one, two))).toMatchObject({ known: false, because: "unrelated_histories" });
  });

  test("a commit that was never sent is unknown", async () => {
    const [sent, withheld] = [child("sent"), child("withheld")];
    expect(await withCommits([sent], [sent], (reader) => reader.history.resolveChange(sent, withheld))).toMatchObject({ known: false, because: "objects_missing" });
  });

  test("a merge base sent without its tree is unknown", async () => {
    const other = source.commitTree(source.tree(["100644", "g", source.object("blob", "g")]), [], "base");
    const [target, head] = [child("t", other), child("h", other)];
    expect(await withCommits([other, target, head], [target, head], (reader) => reader.history.resolveChange(target, head))).toMatchObject({ known: false, because: "objects_missing" });
  });
});

test("a newer merge base hidden behind a cut is unknown: an older one is not passed off as it", async () => {
  // head merged `newer` of the target; a sender who leaves out `side`'s parents makes `older` look like the merge base.
  const older = child("older");
  const newer = child("newer", older);
  const target = child("target", newer);
  const side = child("side", newer);
  const head = child("head", child("mine", older), side);
  const mine = source.git("rev-parse", `${head}^1`);
  const all = [older, newer, target, side, mine, head];
  expect(await withCommits(all, [target, head], (reader) => reader.history.mergeBases(target, head))).toMatchObject({ known: true, bases: [newer] });
  const lie = await withCommits([older, side, mine, head], [head], async (reader, repository) => {
    await scratch.receive(repository, { tips: [target] }, source.pack([target]));
    return reader.history.mergeBases(target, head);
  });
  expect(lie).toMatchObject({ known: false, because: "history_cut" });
});

test("a side branch from before the merge base is known once the path to it is sent", async () => {
  const old = child("old");
  const middle = child("middle", old);
  const base = child("base", middle);
  const target = child("target", base);
  const side = child("side", old);
  const head = child("head", child("mine", base), side);
  const mine = source.git("rev-parse", `${head}^1`);
  const without = await withCommits([base, target, side, mine, head], [target, head], (reader) => reader.history.mergeBases(target, head));
  const withPath = await withCommits([old, middle, base, target, side, mine, head], [target, head], (reader) => reader.history.mergeBases(target, head));
  expect(without).toMatchObject({ known: false, because: "history_cut" });
  expect(withPath).toMatchObject({ known: true, bases: [base] });
});

test("commit dates that lie cost no truth", async () => {
  const dated = (at_s: number, ...parents: string[]): string => {
    const people = ["author", "committer"].map((who) => `${who} A <a@b> ${at_s} +0000`).join("\n");
    return source.object("commit", `tree ${tree}\n${parents.map((parent) => `parent ${parent}\n`).join("")}${people}\n\n${at_s}\n`);
  };
  const root = dated(9_000_000_000);
  const base = dated(5, root);
  const target = dated(8_000_000_000, dated(1, base));
  const head = dated(2, dated(7_000_000_000, base), root);
  const all = source.git("rev-list", target, head).split("\n");
  expect(await withCommits(all, [target, head], (reader) => reader.history.mergeBases(target, head))).toMatchObject({ known: true, bases: [base] });
});

test("isAncestor: yes by a path, no only where nothing is cut", async () => {
  const [a, other] = [child("a"), child("other")];
  const b = child("b", a);
  const c = child("c", b);
  const answers = await withCommits([a, b, c, other], [c, other], async ({ history }) => [await history.isAncestor(a, c), await history.isAncestor(other, c)]);
  expect(answers).toMatchObject([{ known: true, ancestor: true }, { known: true, ancestor: false }]);
  expect(await withCommits([b, c, other], [c, other], ({ history }) => history.isAncestor(other, c))).toMatchObject({ known: false, because: "history_cut" });
});

describe("commits of a change", () => {
  test("those of head alone, newest first, without the target's", async () => {
    const base = child("base");
    const target = child("target", base);
    const one = child("one", base);
    const two = child("two", one);
    const list = await withCommits([base, target, one, two], [target, two], (reader) => reader.history.commits(base, two, 100));
    expect([list.commits.map(({ subject }) => subject), list.gap]).toEqual([["two", "one"], null]);
  });

  test("more than may be described is said", async () => {
    const base = child("base");
    let head = base;
    for (let n = 0; n < 5; n++) head = child(`n${n}`, head);
    const all = source.git("rev-list", head).split("\n");
    const list = await withCommits(all, [head, base], (reader) => reader.history.commits(base, head, 3));
    expect([list.commits.length, list.gap?.because]).toEqual([3, "too_many_commits"]);
  });

  test("a cut inside is said", async () => {
    const base = child("base");
    const lost = child("lost", base);
    const head = child("head", base, child("side", lost));
    const side = source.git("rev-parse", `${head}^2`);
    const list = await withCommits([base, head, side], [head, base], (reader) => reader.history.commits(base, head, 100));
    expect([list.commits.length, list.gap?.because]).toEqual([2, "history_cut"]);
  });
});

test("a walk longer than commits_max is unknown", async () => {
  let head = child("first");
  const first = head;
  for (let n = 0; n < 12; n++) head = child(`n${n}`, head);
  const all = source.git("rev-list", head).split("\n");
  const repository = await scratch.stored(source, [head, first], "local:0:long");
  const { GitReader } = await import("./reader.ts");
  await using reader = new GitReader(scratch.tools, repository, { deadline_ms: 10_000, commits_max: 5 });
  expect(all).toHaveLength(13);
  expect(await reader.history.isAncestor(first, head)).toMatchObject({ known: false, because: "too_many_commits" });
});
