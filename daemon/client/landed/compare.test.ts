/** Real git on both sides: what a code host's merge buttons leave, and what somebody makes of them afterwards. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { listTree } from "../../platform/git/tree.ts";
import { ObjectReader } from "../../platform/git/objects.ts";
import { treeSha256 } from "../../platform/git/tree-digest.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { Clone } from "./clone.ts";
import { compareLanding, type Admitted, type Landing } from "./compare.ts";
import { admittedOf } from "./testing/admitted.ts";
import { treeDigest } from "./tree-digest.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

let count = 0;

interface World {
  readonly source: Source;
  readonly base: string;
  readonly head: string;
  readonly admitted: Admitted;
}

/** main at `base`; branch `change` of two commits, admitted on that base. */
async function world(): Promise<World> {
  const source = scratch.source(`landed-${count++}`);
  await source.commit({ a: "1\n2\n3\n", keep: "k\n" });
  source.git("checkout", "-q", "-b", "change");
  await source.commit({ b: "one\n" });
  const head = await source.commit({ a: "1\n2\nthree\n", "dir/ü \n.txt": "odd name\n" });
  source.git("checkout", "-q", "main");
  const base = await source.commit({ other: "x\n" });
  return { source, base, head, admitted: await admittedOf(source, base, head) };
}

async function landing({ source, admitted }: Pick<World, "source" | "admitted">, name = "main"): Promise<Landing> {
  using clone = await Clone.open(source.path);
  return await compareLanding(clone, name, admitted);
}

describe("the ways of merging what was admitted", () => {
  test("a merge commit, a squash, a rebase of two commits, a fast-forward", async () => {
    const merged = await world();
    merged.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
    expect(await landing(merged)).toMatchObject({ result: "as_admitted", how: "merge", commits: 1, paths: [] });
    const squashed = await world();
    squashed.source.git("merge", "-q", "--squash", "change");
    squashed.source.git("commit", "-q", "-m", "squash");
    expect(await landing(squashed)).toMatchObject({ result: "as_admitted", how: "squash", commits: 1 });
    const rebased = await world();
    rebased.source.git("rebase", "-q", "main", "change");
    expect(await landing(rebased, "change")).toMatchObject({ result: "as_admitted", how: "rebase", commits: 2 });
    const updated = await world();
    updated.source.git("checkout", "-q", "change");
    updated.source.git("merge", "-q", "-m", "update from main", "main");
    const head = updated.source.git("rev-parse", "HEAD");
    expect(await landing({ source: updated.source, admitted: await admittedOf(updated.source, updated.base, head) }, "change")).toMatchObject({ result: "as_admitted", how: "fast_forward" });
  }, 120_000);

  test("the digest beside git's tree id is the one the daemon signs, odd names, links and all", async () => {
    const { source } = await world();
    source.git("config", "core.symlinks", "true");
    await Bun.$`ln -s keep ${join(source.path, "link")} && chmod +x ${join(source.path, "keep")}`.quiet();
    await source.commit({ empty: "", big: "y".repeat(300_000) });
    const tree = source.treeOf("main");
    const dir = { git_dir: join(source.path, ".git"), object_format: "sha1" as const };
    await using objects = new ObjectReader(scratch.store.git, dir, { deadline_ms: 20_000 });
    const { entries } = await listTree(scratch.store.git, dir, tree, 1_000, { deadline_ms: 20_000 });
    using clone = await Clone.open(source.path);
    expect(await treeDigest(clone, tree)).toBe(await treeSha256(objects, entries));
  }, 120_000);
});

describe("what is not what was admitted", () => {
  test("evil merge: a line slipped in while merging is named by its path", async () => {
    const evil = await world();
    evil.source.git("merge", "-q", "--no-ff", "--no-commit", "change");
    await Bun.write(join(evil.source.path, "keep"), "k\nevil\n");
    evil.source.git("commit", "-q", "-a", "-m", "merge");
    expect(await landing(evil)).toMatchObject({ result: "differs", how: "merge", paths: ["keep"] });
  }, 120_000);

  test("amended after the admit: as a squash, and as a merge of a commit nobody gated", async () => {
    const squashed = await world();
    squashed.source.git("merge", "-q", "--squash", "change");
    await Bun.write(join(squashed.source.path, "b"), "two\n");
    squashed.source.git("commit", "-q", "-a", "-m", "squash");
    expect(await landing(squashed)).toMatchObject({ result: "differs", paths: ["b"] });
    const amended = await world();
    amended.source.git("checkout", "-q", "change");
    amended.source.git("commit", "-q", "--amend", "-m", "other words");
    const other = amended.source.git("rev-parse", "HEAD");
    amended.source.git("checkout", "-q", "main");
    amended.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
    const said = await landing(amended);
    expect(said).toMatchObject({ result: "differs", paths: [] });
    expect(said.because.join()).toContain(`it also merges ${other.slice(0, 12)}`);
  }, 120_000);

  test("an amended rebase differs, and a merge hidden among rebased commits brings in a stranger", async () => {
    const rebased = await world();
    rebased.source.git("rebase", "-q", "main", "change");
    await Bun.write(join(rebased.source.path, "b"), "two\n");
    rebased.source.git("commit", "-q", "-a", "--amend", "--no-edit");
    expect(await landing(rebased, "change")).toMatchObject({ result: "differs", paths: ["b"] });
    const hidden = await world();
    hidden.source.git("checkout", "-q", "-b", "foreign", "main");
    const secret = await hidden.source.commit({ secret: "token\n" });
    await hidden.source.commit({ secret: null });
    hidden.source.git("checkout", "-q", "main");
    hidden.source.git("merge", "-q", "--no-ff", "-m", "nothing to see", "foreign");
    hidden.source.git("merge", "-q", "--squash", "change");
    hidden.source.git("commit", "-q", "-m", "squash");
    const said = await landing(hidden);
    expect(said.result).toBe("differs");
    expect(said.because.join()).toContain("it also merges");
    expect(secret).toHaveLength(40);
  }, 120_000);

  test("octopus: another branch came in beside the admitted one", async () => {
    const octopus = await world();
    octopus.source.git("checkout", "-q", "-b", "second", "main");
    const second = await octopus.source.commit({ second: "s\n" });
    octopus.source.git("checkout", "-q", "main");
    octopus.source.git("merge", "-q", "-m", "octopus", "change", "second");
    const said = await landing(octopus);
    expect(said).toMatchObject({ result: "differs", how: "merge", paths: ["second"] });
    expect(said.because.join()).toContain(second.slice(0, 12));
  }, 120_000);

  test("a refusal or a hold is no admit, and the base itself is no landing", async () => {
    const merged = await world();
    merged.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
    expect((await landing({ ...merged, admitted: { ...merged.admitted, verdict: "hold" } })).because).toEqual(["the evidence is of a hold, not of an admit"]);
    expect((await landing(merged, merged.base)).result).toBe("differs");
  }, 120_000);

  test("one object id for two contents: the signed SHA-256 tells them apart", async () => {
    const merged = await world();
    merged.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
    using clone = await Clone.open(merged.source.path);
    const true_digest = await treeDigest(clone, merged.source.treeOf("main"));
    const identity = { ...merged.admitted.identity, tree_sha256: true_digest };
    expect((await landing({ ...merged, admitted: { ...merged.admitted, identity } })).result).toBe("as_admitted");
    expect(await landing({ ...merged, admitted: { ...merged.admitted, identity: { ...identity, tree_sha256: "0".repeat(64) } } })).toMatchObject({ result: "differs" });
  }, 120_000);
});

describe("the base moved after the admit", () => {
  test("merged, squashed and rebased onto it: stale, and a line slipped in on top is still found", async () => {
    for (const how of ["merge", "squash", "rebase"] as const) {
      const moved = await world();
      await moved.source.commit({ late: "somebody else's\n" });
      if (how === "merge") moved.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
      if (how === "squash") {
        moved.source.git("merge", "-q", "--squash", "change");
        moved.source.git("commit", "-q", "-m", "squash");
      }
      if (how === "rebase") {
        moved.source.git("rebase", "-q", "main", "change");
        moved.source.git("branch", "-f", "main", "change");
      }
      expect([how, (await landing(moved)).result]).toEqual([how, "stale"]);
      moved.source.git("checkout", "-q", "main");
      await Bun.write(join(moved.source.path, "keep"), "evil\n");
      moved.source.git("commit", "-q", "-a", "--amend", "--no-edit");
      expect([how, await landing(moved)]).toMatchObject([how, { result: "differs", paths: ["keep"] }]);
    }
  }, 120_000);

  test("a conflict on it that somebody resolved by hand is nobody's admit", async () => {
    const moved = await world();
    await moved.source.commit({ a: "1\n2\ndrei\n" });
    expect(() => moved.source.git("merge", "-q", "change")).toThrow("git merge");
    await Bun.write(join(moved.source.path, "a"), "1\n2\nthree and drei\n");
    await moved.source.commit({}, "merge by hand");
    const said = await landing(moved);
    expect(said).toMatchObject({ result: "differs", how: "merge", paths: ["a"] });
    expect(said.because.join()).toContain("resolved it by hand");
  }, 120_000);

  test("a lapsed admit is stale by the merge's own date, and a clone without the head says that it cannot tell", async () => {
    const merged = await world();
    merged.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
    const attempt = { ...merged.admitted.attempt, valid_until: "2023-01-02T00:00:00Z" };
    expect((await landing({ ...merged, admitted: { ...merged.admitted, attempt } })).result).toBe("stale");
    const squashed = await world();
    await squashed.source.commit({ late: "l\n" });
    squashed.source.git("merge", "-q", "--squash", "change");
    squashed.source.git("commit", "-q", "-m", "squash");
    const clone = scratch.source(`landed-${count++}`);
    clone.git("fetch", "-q", squashed.source.path, "main:landed");
    expect((await landing({ source: clone, admitted: squashed.admitted }, "landed")).result).toBe("unknown");
  }, 120_000);
});

test("a shallow clone says that it cannot tell, and a SHA-256 repository is compared as any other", async () => {
  const merged = await world();
  merged.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
  merged.source.git("clone", "-q", "--depth=1", `file://${merged.source.path}`, `${merged.source.path}-shallow`);
  using clone = await Clone.open(`${merged.source.path}-shallow`);
  expect((await compareLanding(clone, "HEAD", merged.admitted)).result).toBe("unknown");
  const source = scratch.source(`landed-${count++}`, "sha256");
  const base = await source.commit({ a: "1\n" });
  source.git("checkout", "-q", "-b", "change");
  const head = await source.commit({ b: "1\n" });
  source.git("checkout", "-q", "main");
  source.git("merge", "-q", "--squash", "change");
  source.git("commit", "-q", "-m", "squash");
  expect(await landing({ source, admitted: await admittedOf(source, base, head) })).toMatchObject({ result: "as_admitted", how: "squash" });
}, 120_000);

test("neither the clone's configuration nor what it holds has a say, and nothing is left in it", async () => {
  const merged = await world();
  merged.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
  merged.source.git("branch", "later");
  await merged.source.commit({ more: "m\n" });
  const mark = join(merged.source.path, "..", "ran");
  merged.source.git("config", "merge.evil.driver", `touch ${mark}`);
  merged.source.git("config", "core.fsmonitor", `touch ${mark}`);
  merged.source.git("config", "diff.external", `touch ${mark}`);
  await Bun.write(join(merged.source.path, ".git/info/attributes"), "* merge=evil diff=evil\n");
  const objects = (): string => Bun.spawnSync(["find", join(merged.source.path, ".git/objects"), "-type", "f"]).stdout.toString();
  const before = objects();
  expect((await landing(merged, "later")).result).toBe("as_admitted");
  expect((await landing(merged)).result).toBe("differs");
  expect([existsSync(mark), objects()]).toEqual([false, before]);
}, 120_000);
