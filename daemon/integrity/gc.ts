/** What nobody refers to any more goes, once it is old enough. Nothing that a gate, the log, an artifact or an open intake needs is touched. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import type { GcReply } from "../../proto/integrity.ts";
import { lookAt, namesIn } from "../platform/folders.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { artifactName, type Gates } from "../store/gates.ts";

export interface GcDeps {
  readonly state_dir: string;
  readonly artifacts: Artifacts;
  readonly gates: Gates;
  /** Blobs of answers kept for re-use, and of models. */
  readonly kept: () => Iterable<string>;
  /** Nothing younger goes; at least as long as an intake and its gate may take. */
  readonly age_ms: number;
  readonly now_ms: number;
  /** Repositories with an open intake. */
  readonly in_use: ReadonlySet<string>;
  /** false: only count. */
  readonly apply: boolean;
}

interface Removed {
  count: number;
  bytes: number;
}

/** Throws `store.corrupt` where a gate is not named among the artifacts: nothing would say which blobs are its own, and a repair needs them. */
async function requireNames({ artifacts, gates, age_ms, now_ms }: GcDeps): Promise<void> {
  const names = new Set(artifacts.names());
  const unnamed = new Map<string, string>();
  for (const { gate_id, attempt, bundle } of gates.all()) {
    const name = artifactName(gate_id, attempt.attempt);
    if (!names.has(name)) unnamed.set(bundle, name);
  }
  if (unnamed.size === 0) return;
  // A gate that is recorded at this moment has its name soon, and its bundle is young.
  for await (const { digest, modified_ms } of artifacts.blobs.list()) {
    const name = unnamed.get(digest ?? "");
    if (name !== undefined && modified_ms < now_ms - age_ms) throw new MaestroError("store.corrupt", `${name} is not named among the artifacts, so nothing is removed before a repair`);
  }
}

/** Whoever refers to a blob has written it first, which makes it young: so what is old and was not referred to when we looked never will be. */
async function removeBlobs(deps: GcDeps): Promise<{ removed: Removed; kept_young: number }> {
  const { artifacts, gates, kept, age_ms, now_ms, apply } = deps;
  await requireNames(deps);
  const referred = await artifacts.references();
  for (const { reply, bundle } of gates.all()) referred.add(reply).add(bundle);
  for (const digest of kept()) referred.add(digest);
  const removed: Removed = { count: 0, bytes: 0 };
  let kept_young = 0;
  for await (const { digest, size, modified_ms } of artifacts.blobs.list()) {
    if (digest === null || referred.has(digest)) continue;
    const young = modified_ms >= now_ms - age_ms;
    const gone = young ? 0 : apply ? artifacts.blobs.remove(digest, now_ms - age_ms) : size;
    if (young || (gone === 0 && size > 0)) kept_young += 1;
    else {
      removed.count += 1;
      removed.bytes += gone;
    }
  }
  return { removed, kept_young };
}

/** A client sends whole trees with each pack, so an old one is needed by nobody once its gates are over. */
async function removePacks({ state_dir, in_use, age_ms, now_ms, apply }: GcDeps): Promise<Removed> {
  const removed: Removed = { count: 0, bytes: 0 };
  const root = join(state_dir, "repositories");
  const busy = new Set([...in_use].map((repo_id) => createHash("sha256").update(repo_id).digest("hex")));
  for (const repository of (await namesIn(root)).filter((name) => !busy.has(name))) {
    for (const git_dir of (await namesIn(join(root, repository))).filter((name) => name.endsWith(".git"))) {
      const folder = join(root, repository, git_dir, "objects", "pack");
      for (const file of (await namesIn(folder)).filter((name) => /^pack-[0-9a-f]+\.pack$/.test(name))) {
        const found = await lookAt(join(folder, file));
        if (found === null || found.modified_ms >= now_ms - age_ms) continue;
        removed.count += 1;
        removed.bytes += found.bytes;
        // Without its index a pack does not exist for git, so the index goes first.
        if (apply) for (const ending of [".idx", ".rev", ".pack"]) await rm(join(folder, file.replace(/\.pack$/, ending)), { force: true });
      }
    }
  }
  return removed;
}

/** Half-written files and documents of gates that whoever made them left behind. */
export const LEFTOVERS: readonly string[] = ["incoming", "scratch", "trees"];

export async function removeLeftovers({ state_dir, age_ms, now_ms, apply }: Pick<GcDeps, "state_dir" | "age_ms" | "now_ms" | "apply">, folders: readonly string[]): Promise<Removed> {
  const removed: Removed = { count: 0, bytes: 0 };
  for (const folder of folders.map((name) => join(state_dir, name))) {
    for (const name of await namesIn(folder)) {
      const found = await lookAt(join(folder, name));
      if (found === null || found.modified_ms >= now_ms - age_ms) continue;
      removed.count += 1;
      removed.bytes += found.bytes;
      if (apply) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
  return removed;
}

export async function collectGarbage(deps: GcDeps): Promise<GcReply> {
  const { removed, kept_young } = await removeBlobs(deps);
  return { applied: deps.apply, blobs: removed, packs: await removePacks(deps), leftovers: await removeLeftovers(deps, [...LEFTOVERS, "snapshots"]), kept_young };
}
