import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../proto/config.ts";
import { repositoryAt } from "../platform/git/repository-store.ts";
import { openArtifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { openStore, type Store } from "../store/db.ts";
import { openKeptOutcomes, ownerOf, type KeptOutcomeTable } from "../store/reuse.ts";
import { addEvidence, openUsage, type Usage } from "../store/usage.ts";
import { Quota } from "./quota.ts";

const limits = Value.Create(StoreLimits);
const ALICE = { uid: 1000, tenant: null };
const TEAM = { uid: 1001, tenant: "team" };
let dir: string;
let store: Store;
let usage: Usage;
let outcomes: KeptOutcomeTable;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-quota-"));
  store = openStore({ state_dir: dir, limits, fatal: () => undefined });
  usage = openUsage(store);
  outcomes = openKeptOutcomes({ store, usage, limits: { reuse_repository_bytes_max: 1e6, reuse_tenant_bytes_max: 1e6, reuse_age_s: 600 } });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const quota = (tenant_bytes_max: number, store_bytes_max = 1e9) => new Quota({ store, usage, limits: { tenant_bytes_max, store_bytes_max }, forget: (payer) => outcomes.forget(payer) });
function repository(name: string, bytes: number) {
  const git_dir = join(dir, name, "sha1.git");
  mkdirSync(join(git_dir, "objects/pack"), { recursive: true });
  writeFileSync(join(git_dir, "objects/pack/pack-1.pack"), "x".repeat(bytes));
  return { repo_id: `local:1000:${name}`, object_format: "sha1" as const, git_dir };
}

test("who keeps too much is refused, and the others go on; evidence and packs count alike, also after a restart", async () => {
  store.atomic(() => addEvidence(usage, "1000", 600));
  const first = quota(1_000);
  expect(() => first.check(ALICE)).not.toThrow();
  await first.measured(ALICE, repository("a", 400));
  expect(() => first.check(ALICE)).toThrow(expect.objectContaining({ code: "store.quota" }));
  expect(() => first.check(TEAM)).not.toThrow();
  expect(quota(1_000).used(ALICE)).toBe(1_000);
});

test("packs that went count no more, and a repository counts for whoever used it last", async () => {
  const made = repository("a", 500);
  const q = quota(10_000);
  await q.measured(ALICE, made);
  writeFileSync(join(made.git_dir, "objects/pack/pack-1.pack"), "x");
  await q.measured(TEAM, made);
  expect([q.used(ALICE), q.used(TEAM), q.total()]).toEqual([0, 1, 1]);
});

test("packs that garbage collection removed count no more, so whoever was refused for them is let in again", async () => {
  const q = quota(1_000);
  const own = (repo_id: string) => repositoryAt(join(dir, "repositories"), repo_id, "sha1");
  for (const [owner, repo_id] of [[ALICE, "local:1000:a"], [TEAM, "b"]] as const) {
    mkdirSync(join(own(repo_id).git_dir, "objects/pack"), { recursive: true });
    writeFileSync(join(own(repo_id).git_dir, "objects/pack/pack-1.pack"), "x".repeat(1_000));
    await q.measured(owner, own(repo_id));
  }
  expect(() => q.check(ALICE)).toThrow(expect.objectContaining({ code: "store.quota" }));
  rmSync(join(own("local:1000:a").git_dir, "objects/pack/pack-1.pack"));
  rmSync(own("b").folder, { recursive: true });
  await q.recount(join(dir, "repositories"));
  expect(() => q.check(ALICE)).not.toThrow();
  expect([q.used(ALICE), q.used(TEAM), q.total(), quota(1_000).total()]).toEqual([0, 0, 0, 0]);
});

test("the node as a whole has a limit of its own", () => {
  store.atomic(() => addEvidence(usage, "1000", 600));
  store.atomic(() => addEvidence(usage, "team", 600));
  expect(() => quota(1_000, 1_200).check({ uid: 7, tenant: null })).toThrow(expect.objectContaining({ code: "store.quota" }));
});

test("attack: answers kept to save time fill a tenant's room, then the node's: they go, and nobody is refused for them", () => {
  const outcome = { check: "size", result: "pass", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: [] } as const;
  const keep = (payer: string, digit: string, bytes: number) => outcomes.put([{ key: digit.repeat(64), kept: { at_s: 1, asked: { gate_id: "gate:x", attempt: 1 }, reads: {}, outcome: { ...outcome, findings: [], gaps: [] }, blobs: { owner: ownerOf(payer, "r"), bytes } } }]);
  const kept = (): unknown[] => [usage.kept.get("1000")?.bytes, usage.kept.get("team")?.bytes, outcomes.count()];
  keep("1000", "a", 900);
  keep("team", "b", 500);
  store.atomic(() => addEvidence(usage, "1000", 200));
  expect(() => quota(1_000).check(ALICE)).not.toThrow();
  expect(kept()).toEqual([0, 500, 1]);
  expect(() => quota(1_000, 700).check(ALICE)).not.toThrow();
  expect(kept()).toEqual([0, 0, 0]);
  expect(() => quota(200).check(ALICE)).toThrow(expect.objectContaining({ code: "store.quota" }));
});

test("attack on gc: an old blob that is written again while it is collected stays", async () => {
  const { blobs, layout } = await openArtifacts({ state_dir: dir, limits });
  const bytes = new Uint8Array([1, 2, 3]);
  const digest = sha256Digest(bytes);
  const path = join(layout, "blobs/sha256", digest.slice(7));
  const age = (): void => utimesSync(path, new Date(0), new Date(0));
  await blobs.put(bytes);
  expect(blobs.remove(digest, Date.now() - 60_000)).toBe(0);
  age();
  const writing = blobs.put(bytes);
  // At every moment of the write: either it is too young, or it is being written.
  const removals: number[] = [];
  let done = false;
  void writing.then(() => { done = true; });
  while (!done) {
    if (await blobs.has(digest)) removals.push(blobs.remove(digest, 1_000));
    await Bun.sleep(0);
  }
  await writing;
  expect(await blobs.has(digest)).toBe(true);
  age();
  expect(blobs.remove(digest, 1_000)).toBe(3);
  expect(removals.length).toBeGreaterThan(0);
});
