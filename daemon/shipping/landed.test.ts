/** How changes land, by git itself: a merge commit, a squash, `git rebase`, a queue's group of several. Each is covered, or each commit that is not is named. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { fromBase64 } from "../../proto/encoding.ts";
import type { ShipReply } from "../../proto/shipping.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { World } from "../testing/core.ts";
import { verifyShipment } from "../verifier/index.ts";

setDefaultTimeout(60_000);
const REF = "refs/heads/main";
const ARTIFACT = { name: "app.tar", sha256: "ab".repeat(32), bytes: 3 };

let world: World;
let source: Source;
/** Commits of the branch, in the order in which they came to be. */
let from: string;
let merged: string;
let squashed: string;
let rebased: readonly [string, string];
let group: readonly [string, string, string];

const head = (): string => source.git("rev-parse", "HEAD");
const at = (commit: string): string => source.git("checkout", "-q", "--detach", commit);
const code = (name: string): Record<string, string> => ({ [`${name}.ts`]: `export const ${name} = 1;\n` });

async function admitted(base: string, tip: string): Promise<void> {
  const { verdict, card } = await world.gate(await world.received(source, [tip, base]), { target_ref: REF, target: base, head: tip });
  expect([verdict, card.reasons.filter(({ effect }) => effect !== "note")]).toEqual(["admit", []]);
}

/** A branch of these commits off `base`. */
async function branch(base: string, ...names: readonly string[]): Promise<string> {
  at(base);
  for (const name of names) await source.commit(code(name), `add ${name}`);
  return head();
}

async function ship(to: string, begin = from): Promise<ShipReply> {
  const intake = await world.received(source, [to, ...source.git("rev-list", "--first-parent", `${begin}..${to}`).split("\n"), begin]);
  return world.core.ship_desk.submit(intake, { intake_id: intake.id, target_ref: REF, target: to, from: begin, to, artifact: ARTIFACT }, () => true, new AbortController().signal, (_worst, work) => work(() => undefined));
}

function stepsOf(reply: ShipReply): unknown[] {
  if (reply.result !== "released") throw new Error(JSON.stringify(reply));
  const verified = verifyShipment(fromBase64(reply.shipment) ?? new Uint8Array(), world.core.evidence.trust, { artifact_sha256: ARTIFACT.sha256, now: new Date(world.clock.now_ms()) });
  if (verified.result !== "verified") throw new Error(verified.reason.detail);
  return verified.statement.predicate.steps.map(({ to, how, commits }) => [to, how, commits]);
}

/** Subjects of what is named, oldest first, so that a failure reads by itself. */
async function named(to: string, begin = from): Promise<string[]> {
  const reply = await ship(to, begin);
  if (reply.result !== "refused") throw new Error("it was released");
  return reply.commits.map(({ commit }) => source.git("log", "-1", "--format=%s", commit));
}

beforeAll(async () => {
  world = await World.open();
  source = world.scratch.source("landed");
  from = await source.commit(code("a"), "begin");
  const one = await branch(from, "one");
  await admitted(from, one);
  at(from);
  source.git("merge", "-q", "--no-ff", "-m", "merge one", one);
  merged = head();
  const two = await branch(merged, "two", "three");
  await admitted(merged, two);
  at(merged);
  source.git("merge", "-q", "--squash", two);
  source.git("commit", "-q", "-m", "squash two");
  squashed = head();
  // Branched off long ago, judged on what is there now.
  const four = await branch(from, "four", "five");
  await admitted(squashed, four);
  source.git("rebase", "-q", squashed, four);
  rebased = [source.git("rev-parse", "HEAD~1"), head()];
  const [six, seven, eight] = [await branch(rebased[1], "six"), await branch(merged, "seven"), await branch(rebased[1], "eight")];
  at(rebased[1]);
  source.git("merge", "-q", "--no-ff", "-m", "queue six", six);
  source.git("merge", "-q", "--squash", seven);
  source.git("commit", "-q", "-m", "queue seven");
  source.git("merge", "-q", "--no-ff", "-m", "queue eight", eight);
  group = [source.git("rev-parse", "HEAD~2"), source.git("rev-parse", "HEAD~1"), head()];
  await admitted(rebased[1], group[2]);
});
afterAll(() => world[Symbol.asyncDispose]());

test("a merge commit, a squash, a rebase of two commits onto what came in between, and a group of three in one queue", async () => {
  expect(stepsOf(await ship(group[2]))).toEqual([
    [merged, "merge", 1],
    [squashed, "squash", 1],
    [rebased[1], "rebase", 2],
    [group[2], "fast_forward", 3],
  ]);
});

test("a range that ends, or begins, in the midst of what was judged together: those commits are named, and no others", async () => {
  expect(await named(group[1])).toEqual(["queue six", "queue seven"]);
  expect(await named(rebased[0])).toEqual(["add four"]);
  expect(await named(group[2], group[0])).toEqual(["queue seven", "queue eight"]);
});

test("attack: a commit sneaked in between two admitted changes, and one on top of a queue's group", async () => {
  at(merged);
  await source.commit(code("evil"), "sneaked in");
  source.git("cherry-pick", squashed);
  expect(await named(head())).toEqual(["sneaked in", "squash two"]);
  at(group[2]);
  const on_top = await source.commit({}, "sneaked on top");
  expect(await named(on_top)).toEqual(["sneaked on top"]);
});

test("attack: a commit sneaked into a rebase, also one that is taken out again before its end", async () => {
  at(rebased[0]);
  await source.commit(code("evil"), "sneaked in");
  source.git("cherry-pick", rebased[1]);
  expect(await named(head(), squashed)).toEqual(["add four", "sneaked in", "add five"]);
  at(rebased[0]);
  await source.commit(code("evil"), "sneaked in");
  source.git("rm", "-q", "evil.ts");
  source.git("commit", "-q", "-m", "taken out");
  source.git("cherry-pick", rebased[1]);
  expect(source.treeOf("HEAD")).toBe(source.treeOf(rebased[1]));
  expect(await named(head(), squashed)).toEqual(["add four", "sneaked in", "taken out", "add five"]);
});

test("attack: a merge commit with more in it than what it merges, and one that merges another branch beside the admitted one", async () => {
  at(from);
  source.git("merge", "-q", "--no-ff", "--no-commit", source.git("rev-parse", `${merged}^2`));
  const evil = await source.commit(code("evil"), "evil merge");
  expect(await named(evil)).toEqual(["evil merge"]);
  const octopus = source.commitTree(source.treeOf(merged), [from, source.git("rev-parse", `${merged}^2`), evil], "merge of two");
  expect(await named(octopus)).toEqual(["merge of two"]);
});
