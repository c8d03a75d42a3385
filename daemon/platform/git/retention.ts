import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lookAt } from "../folders.ts";
import type { Repository } from "./repository-store.ts";

export interface RetentionLimits {
  /** git looks through every pack for an object it does not have, so many packs are slow. */
  readonly packs_max: number;
  readonly packs_bytes_max: number;
  /** Nothing younger is removed: it must outlast the longest gate. */
  readonly keep_ms: number;
}

interface Pack {
  readonly name: string;
  readonly bytes: number;
  readonly modified_ms: number;
}

/**
 * Removes the oldest packs past the limits and what merges left behind. A store is a cache of what clients streamed: each
 * body brings its whole trees, so an old pack is needed by nobody once its gates are over, and a gate that still asks for it gets
 * "missing", never another answer. Returns how many packs went. The caller passes the time.
 */
export async function removeOldPacks(repository: Pick<Repository, "git_dir">, limits: RetentionLimits, now_ms: number): Promise<number> {
  const folder = join(repository.git_dir, "objects", "pack");
  const packs = (await packsIn(folder)).sort((a, b) => b.modified_ms - a.modified_ms);
  let bytes = 0;
  let removed = 0;
  for (const [at, pack] of packs.entries()) {
    bytes += pack.bytes;
    const over = at >= limits.packs_max || bytes > limits.packs_bytes_max;
    if (!over || now_ms - pack.modified_ms < limits.keep_ms) continue;
    // Without its index a pack does not exist for git, so the index goes first.
    for (const ending of ["idx", "rev", "pack"]) await rm(join(folder, `${pack.name}.${ending}`), { force: true });
    removed++;
  }
  await removeOldLoose(join(repository.git_dir, "objects"), now_ms - limits.keep_ms);
  return removed;
}

async function packsIn(folder: string): Promise<Pack[]> {
  const packs: Pack[] = [];
  for (const file of await readdir(folder)) {
    const name = /^(pack-[0-9a-f]+)\.pack$/.exec(file)?.[1];
    const found = name === undefined ? null : await lookAt(join(folder, file));
    if (name !== undefined && found !== null) packs.push({ name, ...found });
  }
  return packs;
}

/** Merged trees and synthetic commits. */
async function removeOldLoose(objects: string, before_ms: number): Promise<void> {
  for (const prefix of await readdir(objects)) {
    if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
    for (const name of await readdir(join(objects, prefix))) {
      const path = join(objects, prefix, name);
      const found = await lookAt(path);
      if (found !== null && found.modified_ms < before_ms) await rm(path, { force: true });
    }
  }
}
