/** Files whose time is over by their own age: packs, mirrors, leftovers, snapshots, what a repair moved aside. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Retention, Tombstone } from "../../proto/retention.ts";
import { lookAt, namesIn } from "../platform/folders.ts";
import { removeOldPacks } from "../platform/git/retention.ts";
import { LEFTOVERS, removeLeftovers } from "./gc.ts";

export interface FilesDeps {
  readonly state_dir: string;
  readonly retention: Retention;
  readonly now_ms: number;
  /** Repositories with an open intake. */
  readonly in_use: ReadonlySet<string>;
}

const DAY_MS = 86_400_000;
const PACK = /^(pack-([0-9a-f]{40}|[0-9a-f]{64}))\.pack$/;

async function packsIn(git_dir: string): Promise<Map<string, number>> {
  const folder = join(git_dir, "objects", "pack");
  const packs = new Map<string, number>();
  for (const file of await namesIn(folder)) {
    const name = PACK.exec(file)?.[1];
    const found = name === undefined ? null : await lookAt(join(folder, file));
    if (name !== undefined && found !== null) packs.set(name, found.modified_ms);
  }
  return packs;
}

/** A pack has no SHA-256 of its own in a SHA-1 repository, so its tombstone holds the digest of its name. */
function tombstoneOf(name: string, made_ms: number, now_ms: number): Tombstone {
  const sha256 = createHash("sha256").update(name).digest("hex");
  return { name, class: "source", why: "expired", at_s: Math.floor(now_ms / 1000), made_s: Math.max(0, Math.floor(made_ms / 1000)), digests: [{ kind: "pack-name", sha256 }] };
}

/** Packs and loose objects past their time, where no intake is open. What went, for its tombstones. */
export async function expireSources({ state_dir, retention: { source_days }, now_ms, in_use }: FilesDeps): Promise<Tombstone[]> {
  if (source_days === 0) return [];
  const keep_ms = source_days * DAY_MS;
  const root = join(state_dir, "repositories");
  const busy = new Set([...in_use].map((repo_id) => createHash("sha256").update(repo_id).digest("hex")));
  const gone: Tombstone[] = [];
  for (const repository of (await namesIn(root)).filter((name) => !busy.has(name))) {
    for (const name of (await namesIn(join(root, repository))).filter((each) => each.endsWith(".git"))) {
      const git_dir = join(root, repository, name);
      const before = await packsIn(git_dir);
      if (before.size === 0 && (await namesIn(join(git_dir, "objects"))).length === 0) continue;
      await removeOldPacks({ git_dir }, { packs_max: 0, packs_bytes_max: 0, keep_ms }, now_ms);
      const after = await packsIn(git_dir);
      for (const [pack, made_ms] of before) if (!after.has(pack)) gone.push(tombstoneOf(pack, made_ms, now_ms));
    }
  }
  await removeOldFolders(join(state_dir, "egress", "mirrors"), now_ms - keep_ms);
  return gone;
}

/** The newest change of what lies in a folder, two levels deep: a copy of a remote that is used is written to. */
async function newestIn(folder: string): Promise<number> {
  let newest = (await lookAt(folder))?.modified_ms ?? 0;
  for (const name of await namesIn(folder)) {
    newest = Math.max(newest, (await lookAt(join(folder, name)))?.modified_ms ?? 0);
    for (const below of await namesIn(join(folder, name))) newest = Math.max(newest, (await lookAt(join(folder, name, below)))?.modified_ms ?? 0);
  }
  return newest;
}

async function removeOldFolders(root: string, before_ms: number): Promise<number> {
  let removed = 0;
  for (const name of await namesIn(root)) {
    if ((await newestIn(join(root, name))) >= before_ms) continue;
    await rm(join(root, name), { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/** A snapshot's own time: its files are links, older than it is. */
async function expireSnapshots(state_dir: string, before_ms: number): Promise<void> {
  const root = join(state_dir, "snapshots");
  for (const name of await namesIn(root)) {
    const manifest = await lookAt(join(root, name, "manifest.json"));
    if (manifest !== null && manifest.modified_ms < before_ms) await rm(join(root, name), { recursive: true, force: true });
  }
}

/** Whoever asked for a record to go wants no copy of it left here; a backup under way fails and is made again. */
export const removeSnapshots = (state_dir: string): Promise<void> => expireSnapshots(state_dir, Number.POSITIVE_INFINITY);

export async function expireLeftovers({ state_dir, retention, now_ms }: FilesDeps): Promise<void> {
  const { cache_days, export_days, quarantine_days } = retention;
  // Snapshots have a time of their own.
  if (cache_days > 0) await removeLeftovers({ state_dir, age_ms: cache_days * DAY_MS, now_ms, apply: true }, LEFTOVERS);
  if (export_days > 0) await expireSnapshots(state_dir, now_ms - export_days * DAY_MS);
  if (quarantine_days > 0) await removeOldFolders(join(state_dir, "quarantine"), now_ms - quarantine_days * DAY_MS);
}
