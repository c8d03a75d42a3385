/** A clone and a history made to say that what was admitted is what landed. Real git on both sides. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { Clone } from "./clone.ts";
import { compareLanding, type Admitted, type Landing } from "./compare.ts";
import { admittedOf } from "./testing/admitted.ts";

let scratch: Scratch;
beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

let count = 0;

interface World {
  readonly source: Source;
  readonly base: string;
  readonly admitted: Admitted;
}

/** main at `base`, checked out; branch `change` of three commits, admitted on that base. */
async function world(): Promise<World> {
  const source = scratch.source(`attacked-${count++}`);
  const base = await source.commit({ a: "1\n2\n3\n", keep: "k\n" });
  source.git("checkout", "-q", "-b", "change");
  await source.commit({ b: "one\n" });
  await source.commit({ c: "two\n" });
  const head = await source.commit({ a: "1\n2\nthree\n" });
  source.git("checkout", "-q", "main");
  return { source, base, admitted: await admittedOf(source, base, head) };
}

async function landing({ source, admitted }: World, name = "main"): Promise<Landing> {
  using clone = await Clone.open(source.path);
  return await compareLanding(clone, name, admitted);
}

function squash({ source }: World): string {
  source.git("merge", "-q", "--squash", "change");
  source.git("commit", "-q", "-m", "squash");
  return source.git("rev-parse", "HEAD");
}

/** Exchanges the rows of two commits in the clone's commit-graph file (gitformat-commit-graph(5)): git believes it without a look at the commits. */
function exchangeRows({ source }: World, one: string, other: string): void {
  source.git("commit-graph", "write", "--reachable");
  const path = join(source.path, ".git/objects/info/commit-graph");
  const bytes = readFileSync(path);
  const offsets = new Map<string, number>();
  for (let at = 8; bytes.readUInt32BE(at) !== 0; at += 12) offsets.set(bytes.toString("latin1", at, at + 4), Number(bytes.readBigUInt64BE(at + 4)));
  const [lookup, data] = [offsets.get("OIDL")!, offsets.get("CDAT")!];
  const rowOf = (oid: string): Buffer => {
    const at = bytes.indexOf(Buffer.from(oid, "hex"), lookup);
    return bytes.subarray(data + ((at - lookup) / 20) * 36).subarray(0, 36);
  };
  const kept = Buffer.from(rowOf(one));
  rowOf(other).copy(rowOf(one));
  kept.copy(rowOf(other));
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

test("a commit-graph file that says another tree of the landed commit is not believed", async () => {
  const one = await world();
  const good = squash(one);
  one.source.git("checkout", "-q", "-b", "evil", one.base);
  const evil = await one.source.commit({ keep: "evil\n" });
  exchangeRows(one, good, evil);
  // The file is believed by a git that reads it.
  expect(one.source.git("log", "--no-walk", "--format=%T", evil)).toBe(one.admitted.identity.merge_tree!);
  expect((await landing(one, evil)).result).toBe("differs");
  expect((await landing(one, good)).result).toBe("as_admitted");
}, 120_000);

test("what was slipped in before a squash and taken out again stands in the history: not as admitted, and named", async () => {
  const one = await world();
  const slipped = await one.source.commit({ keep: "a secret\n" });
  one.source.git("revert", "--no-edit", slipped);
  squash(one);
  const said = await landing(one);
  expect([said.result, said.because.join().includes(slipped.slice(0, 12))]).toEqual(["stale", true]);
}, 120_000);

test("slipped in below a merge commit, or into a merge in two steps: the same", async () => {
  const below = await world();
  const slipped = await below.source.commit({ keep: "a secret\n" });
  below.source.git("revert", "--no-edit", slipped);
  below.source.git("merge", "-q", "--no-ff", "-m", "merge", "change");
  expect([(await landing(below)).result, (await landing(below)).because.join().includes(slipped.slice(0, 12))]).toEqual(["stale", true]);
  const steps = await world();
  steps.source.git("merge", "-q", "--no-ff", "--no-commit", "change~1");
  await Bun.write(join(steps.source.path, "keep"), "a secret\n");
  steps.source.git("commit", "-q", "-a", "-m", "merge");
  const first = steps.source.git("rev-parse", "HEAD");
  steps.source.git("merge", "-q", "--no-ff", "--no-commit", "change");
  await Bun.write(join(steps.source.path, "keep"), "k\n");
  steps.source.git("commit", "-q", "-a", "-m", "merge");
  expect([(await landing(steps)).result, (await landing(steps)).because.join().includes(first.slice(0, 12))]).toEqual(["stale", true]);
}, 120_000);

test("an honest rebase of three commits onto a base that moved before it was judged is as admitted, and one whose head is gone cannot be told", async () => {
  const one = await world();
  const base = await one.source.commit({ other: "x\n" });
  using clone = await Clone.open(one.source.path);
  const merge_tree = (await clone.merge(base, one.admitted.identity.head))!.tree;
  const admitted = { ...one.admitted, identity: { ...one.admitted.identity, base, merge_tree } };
  one.source.git("rebase", "-q", "main", "change");
  expect(await landing({ ...one, admitted }, "change")).toMatchObject({ result: "as_admitted", how: "rebase", commits: 3 });
  const gone = { ...admitted, identity: { ...admitted.identity, head: "f".repeat(40) } };
  expect((await landing({ ...one, admitted: gone }, "change")).result).toBe("unknown");
}, 120_000);

test("admitted without a base and landed on somebody's history, hidden by a shallow clone or not: not as admitted", async () => {
  const one = await world();
  one.source.git("checkout", "-q", "--orphan", "alone");
  one.source.git("commit", "-q", "-m", "all of it");
  const head = one.source.git("rev-parse", "HEAD");
  const admitted = { ...one.admitted, identity: { ...one.admitted.identity, base: null, head, merge_tree: one.source.treeOf(head) } };
  expect((await landing({ ...one, admitted }, head)).result).toBe("as_admitted");
  one.source.git("checkout", "-q", "main");
  const slipped = await one.source.commit({ keep: "a secret\n" });
  one.source.git("revert", "--no-edit", slipped);
  const said = await landing({ ...one, admitted });
  expect([said.result, said.because.join().includes(slipped.slice(0, 12))]).toEqual(["stale", true]);
  const shallow = scratch.source(`shallow-${count++}`);
  shallow.git("fetch", "-q", "--depth=1", `file://${one.source.path}`, "main:landed", "alone:alone");
  expect((await landing({ ...one, source: shallow, admitted }, "landed")).result).toBe("unknown");
}, 120_000);

test("a clone whose folder's name is made to be read as two is read whole", async () => {
  const one = await world();
  squash(one);
  const path = join(one.source.path, "..", `odd\nname:"${count++}`);
  one.source.git("clone", "-q", "--no-local", one.source.path, path);
  using clone = await Clone.open(path);
  expect((await compareLanding(clone, "HEAD", one.admitted)).result).toBe("as_admitted");
}, 120_000);
