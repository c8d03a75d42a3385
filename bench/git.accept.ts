/** git itself: our stores pass its fsck, and the tree we judge is the one its own merge makes. */
import { afterAll, expect } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { World } from "../daemon/e2e/testing/world.ts";
import { Scratch, type Source } from "../daemon/platform/git/testing/scratch.ts";
import { accepts, output } from "./rig/accepts.ts";
import { makeBranches } from "./rig/history.ts";
import { onPath } from "./rig/tools.ts";

const FORKS = 60;
const GATES = 4;
const tool = await onPath("git", "install git 2.38 or newer");
const world = new World();
const scratch = await Scratch.create();
afterAll(async () => {
  await world.dispose();
  scratch.dispose();
});

const stores = (): string[] => {
  const root = join(world.state_dir, "repositories");
  return readdirSync(root, { recursive: true }).map((path) => join(root, String(path))).filter((path) => path.endsWith(".git"));
};

accepts(tool, `fsck --full --strict finds nothing wrong in the stores after ${GATES} gates and a replay`, async () => {
  makeBranches(world.path("made"), 40, GATES);
  for (let i = 1; i <= GATES; i++) expect([0, 1, 3]).toContain((await world.run(["gate", world.path("made"), "--embedded", "--json", "--target", "main", "--head", `change-${i}`])).code);
  expect((await world.run(["replay", world.path("made"), "--embedded", "--last", "2"])).code).toBe(0);
  expect(stores().length).toBeGreaterThan(0);
  for (const store of stores()) {
    const said = await output([tool.path(), "-C", store, "fsck", "--full", "--strict", "--no-dangling"]);
    expect(said.trim()).toBe("");
    const objects = await output([tool.path(), "-C", store, "cat-file", "--batch-all-objects", "--batch-check"]);
    expect(objects.split("\n").length).toBeGreaterThan(40);
  }
});

/** Two sides that edit, add, delete and move the same few files, so that a good part of the forks conflicts. */
async function fork(source: Source, dice: (sides: number) => number): Promise<{ readonly base: string; readonly target: string; readonly head: string }> {
  const files = Object.fromEntries(Array.from({ length: 4 }, (_, file) => [`d${file % 2}/f${file}.txt`, Array.from({ length: 30 }, (_unused, line) => `${file} ${line}\n`)]));
  const textOf = (lines: readonly string[]): string => lines.join("");
  const base = await source.commit(Object.fromEntries(Object.entries(files).map(([path, lines]) => [path, textOf(lines)])), "base");
  const side = async (name: string): Promise<string> => {
    source.git("checkout", "-q", "-B", name, base);
    for (let commits = 2 + dice(2); commits > 0; commits--) {
      const [path, lines] = Object.entries(files)[dice(4)] ?? [];
      if (path === undefined || lines === undefined) continue;
      const edited = lines.with(dice(10) * 3, `${name} ${dice(100)}\n`);
      const kind = dice(6);
      if (kind === 0) await source.commit({ [path]: null, [`moved-${name}/${path}`]: textOf(edited) }, "move").catch(() => source.commit({}, "already moved"));
      else if (kind === 1) await source.commit({ [`new${dice(3)}.txt`]: `${name}\n` }, "add");
      else await source.commit({ [path]: textOf(edited) }, "edit");
    }
    return source.git("rev-parse", "HEAD");
  };
  return { base, target: await side("target"), head: await side("head") };
}

/** Whether an ordinary `git merge` of this branch ends without a conflict. */
function merges(source: Source, head: string): boolean {
  try {
    source.git("merge", "-q", "--no-edit", head);
    return true;
  } catch (error) {
    if (error instanceof Error && source.git("ls-files", "--unmerged") !== "") return false;
    throw error;
  }
}

accepts(tool, `git merge makes the tree we judge, or a conflict where we see one, in ${FORKS} forks`, async () => {
  const seen = { merged: 0, conflict: 0 };
  for (let i = 0; i < FORKS; i++) {
    let state = i + 1;
    const dice = (sides: number): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1) % 65_521 % sides;
    const source = scratch.source(`fork-${i}`);
    const { base, target, head } = await fork(source, dice);
    const repository = await scratch.stored(source, [base, target, head], `local:0:fork-${i}`);
    await using reader = scratch.reader(repository);
    const ours = await reader.merge({ base: source.treeOf(base), target: source.treeOf(target), head: source.treeOf(head) });
    source.git("checkout", "-q", "--detach", target);
    const clean = merges(source, head);
    if (clean) expect([i, ours]).toEqual([i, { result: "merged", tree: source.treeOf("HEAD") }]);
    else expect([i, ours.result]).toEqual([i, "conflict"]);
    seen[clean ? "merged" : "conflict"]++;
  }
  // A corpus without both kinds would try half of the claim.
  expect(Math.min(seen.merged, seen.conflict)).toBeGreaterThan(FORKS / 10);
});
