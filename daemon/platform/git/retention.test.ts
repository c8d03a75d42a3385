import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { removeOldPacks } from "./retention.ts";
import type { Repository } from "./repository-store.ts";
import { Scratch, type Source } from "./testing/scratch.ts";

const HOUR_MS = 3_600_000;
/** Later than any run of this test. */
const NOW_MS = 4_000_000_000_000;
let scratch: Scratch;
let source: Source;
beforeAll(async () => {
  scratch = await Scratch.create();
  source = scratch.source();
});
afterAll(() => scratch.dispose());

let stores = 0;

/** Three intakes, one, two and three hours old, the last commit youngest. */
async function aged(): Promise<{ repository: Repository; commits: string[] }> {
  const repository = await scratch.store.open(`local:0:aged-${stores++}`, "sha1");
  const folder = join(repository.git_dir, "objects/pack");
  const commits: string[] = [];
  for (const age of [3, 2, 1]) {
    const before = new Set(readdirSync(folder));
    const commit = await source.commit({ f: `${stores} ${age}` });
    await scratch.receive(repository, { tips: [commit] }, source.pack([commit]));
    commits.push(commit);
    const at_s = (NOW_MS - age * HOUR_MS) / 1000;
    for (const file of readdirSync(folder)) if (!before.has(file)) utimesSync(join(folder, file), at_s, at_s);
  }
  return { repository, commits };
}

async function present(repository: Repository, commits: readonly string[]): Promise<boolean[]> {
  await using reader = scratch.reader(repository);
  return (await reader.objects.info(commits)).map((info) => info !== null);
}

test("the oldest packs past the limit go, index and all; the youngest stay readable", async () => {
  const { repository, commits } = await aged();
  expect(await removeOldPacks(repository, { packs_max: 2, packs_bytes_max: 1e9, keep_ms: HOUR_MS / 2 }, NOW_MS)).toBe(1);
  expect(await present(repository, commits)).toEqual([false, true, true]);
  expect(readdirSync(join(repository.git_dir, "objects/pack"))).toHaveLength(4);
});

test("bytes count as well", async () => {
  const { repository, commits } = await aged();
  expect(await removeOldPacks(repository, { packs_max: 100, packs_bytes_max: 1, keep_ms: HOUR_MS / 2 }, NOW_MS)).toBe(3);
  expect(await present(repository, commits)).toEqual([false, false, false]);
});

test("nothing younger than keep_ms goes, whatever the limit", async () => {
  const { repository, commits } = await aged();
  expect(await removeOldPacks(repository, { packs_max: 0, packs_bytes_max: 0, keep_ms: HOUR_MS * 2.5 }, NOW_MS)).toBe(1);
  expect(await present(repository, commits)).toEqual([false, true, true]);
});

test("what a merge wrote goes with age; the same body can be sent again", async () => {
  const { repository, commits } = await aged();
  const tree = source.treeOf(commits[2] ?? "");
  const base = source.treeOf(commits[0] ?? "");
  await using reader = scratch.reader(repository);
  expect((await reader.merge({ base, target: base, head: tree })).result).toBe("merged");
  const loose = (): string[] => readdirSync(join(repository.git_dir, "objects"), { recursive: true }).map(String).filter((name) => /^[0-9a-f]{2}\/[0-9a-f]+$/.test(name));
  expect(loose().length).toBeGreaterThanOrEqual(3);
  await removeOldPacks(repository, { packs_max: 0, packs_bytes_max: 0, keep_ms: HOUR_MS / 2 }, NOW_MS);
  expect(loose()).toEqual([]);
  await scratch.receive(repository, { tips: commits.slice(2) }, source.pack(commits.slice(2)));
  expect(await present(repository, commits)).toEqual([false, false, true]);
});
