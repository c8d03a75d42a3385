/** The core's side of bills of materials: has one made, and passes its bytes on without reading them. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FactsLimits, WorkerLimits } from "../../proto/config.ts";
import type { Gap } from "../../proto/facts.ts";
import { MaestroError } from "../../proto/errors.ts";
import { KEPT_NONCE_BYTES } from "../../proto/sbom.ts";
import { concatBytes } from "../../proto/encoding.ts";
import type { FactsReply } from "../../proto/worker.ts";
import type { SbomJob } from "../../proto/worker-beside.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Lane } from "../checking/lane.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";

export interface KeptSbom {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly packages: number;
  readonly gaps: readonly Gap[];
}

/** See `KEPT_SBOM_MEDIA_TYPE`. */
export const keptDocument = (bytes: Uint8Array): Uint8Array => concatBytes(crypto.getRandomValues(new Uint8Array(KEPT_NONCE_BYTES)), bytes);

export interface SbomDeps {
  readonly git: GitTools;
  readonly limits: { readonly worker: Pick<WorkerLimits, "check_deadline_ms">; readonly facts: Pick<FactsLimits, "tree_entries_max"> };
}

/** `folder` is the caller's own. `null` where there is nothing to list. Throws what a check process throws. */
export async function sbomOf({ git, limits }: SbomDeps, { repo_id, git_dir, object_format }: Repository, of: SbomJob["of"], folder: string, lane: Lane, deadline_ms = limits.worker.check_deadline_ms): Promise<KeptSbom | null> {
  const into = join(folder, "sbom.json");
  const { made } = await lane.run({ kind: "sbom", git: { ...git }, git_dir, object_format, of, name: repo_id, into, tree_entries_max: limits.facts.tree_entries_max, deadline_ms }, deadline_ms);
  if (made === null) return null;
  const bytes = new Uint8Array(await readFile(into));
  if (createHash("sha256").update(bytes).digest("hex") !== made.sha256) throw new MaestroError("worker.protocol", "the bill of materials is not the one that was made");
  return { bytes, sha256: made.sha256, packages: made.packages, gaps: made.gaps };
}

/** Of a change's merged tree, or why it is not known: no verdict hangs on it, and the card says that it is missing. */
export async function sbomOfChange(deps: SbomDeps, repository: Repository, facts: FactsReply, folder: string, lane: Lane, left_ms: number): Promise<KeptSbom | { readonly because: string } | null> {
  const { change, facts_sha256, locks } = facts;
  // Most changes touch no lock file: no check process is asked for what the facts say already.
  if (locks !== true || change.history !== "known" || change.merge_tree === null) return null;
  const deadline_ms = Math.max(1, Math.ceil(Math.min(deps.limits.worker.check_deadline_ms, left_ms)));
  try {
    return await sbomOf(deps, repository, { tree: change.merge_tree, facts_path: join(folder, "facts.json"), facts_sha256 }, folder, lane, deadline_ms);
  } catch (error) {
    return { because: reasonOf(error) };
  }
}
