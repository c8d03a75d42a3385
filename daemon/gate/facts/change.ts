import type { FactsJob, ResolvedChange } from "../../../proto/worker.ts";
import { FORMATS, type Oid } from "../../platform/git/object-format.ts";
import type { GitReader } from "../../platform/git/reader.ts";

/** The change and the two trees that checks compare; see docs/decisions/0001. */
export type Change =
  | {
      readonly resolved: Extract<ResolvedChange, { history: "known" }>;
      readonly basis: "target..merge" | "base..head";
      readonly old_tree: Oid;
      readonly new_tree: Oid;
      /** Commit whose configuration counts; null for a root commit. */
      readonly config_commit: Oid | null;
    }
  | { readonly resolved: Extract<ResolvedChange, { history: "unknown" }> };

export type KnownChange = Extract<Change, { basis: string }>;

const CONFLICTS_MAX = 10_000;
const BECAUSE: Readonly<Record<string, string>> = {
  history_cut: "the history was cut before it answered the question; fetch it whole (fetch-depth: 0)",
  several_merge_bases: "target and head have several merge bases, so what the change is depends on which one is meant; merge or rebase",
  unrelated_histories: "target and head share no commit",
  too_many_commits: "too many commits lie between target and head",
  objects_missing: "objects of the change were not sent; fetch it whole (fetch-depth: 0)",
};

async function treeOf(reader: GitReader, oid: Oid): Promise<Oid | null> {
  return (await reader.history.commit(oid))?.tree ?? null;
}

/** What the two named commits mean, from their own hashes alone. Throws only when git fails. */
export async function resolveChange(reader: GitReader, { object_format, target, head, trusted_target }: Pick<FactsJob, "object_format" | "target" | "head" | "trusted_target">): Promise<Change> {
  const found = await reader.history.resolveChange(target, head);
  if (!found.known) return { resolved: { history: "unknown", because: `${BECAUSE[found.because] ?? found.because} (${found.detail})`.slice(0, 2000) } };
  const head_tree = await treeOf(reader, head);
  const base_tree = found.base === null ? FORMATS[object_format].empty_tree : await treeOf(reader, found.base);
  if (head_tree === null || base_tree === null) return { resolved: { history: "unknown", because: "a commit of the change cannot be read" } };
  if (found.kind === "landed") {
    return {
      resolved: { history: "known", kind: "landed", merge_base: found.base, base: found.base, merge_tree: head_tree, conflicts: [] },
      basis: "target..merge",
      old_tree: base_tree,
      new_tree: head_tree,
      // Not the target's tip, whoever found it: the head is part of that, and would have written its own rules.
      config_commit: found.base,
    };
  }
  const target_tree = await treeOf(reader, target);
  if (target_tree === null) return { resolved: { history: "unknown", because: "the target's tip cannot be read" } };
  const merge = await reader.merge({ base: base_tree, target: target_tree, head: head_tree });
  const clean = merge.result === "merged";
  return {
    resolved: {
      history: "known",
      kind: "merge",
      merge_base: found.base,
      base: target,
      merge_tree: clean ? merge.tree : null,
      conflicts: clean ? [] : merge.paths.slice(0, CONFLICTS_MAX),
    },
    basis: clean ? "target..merge" : "base..head",
    old_tree: clean ? target_tree : base_tree,
    new_tree: clean ? merge.tree : head_tree,
    // A base that only the caller named: configuration comes from the merge base, whose hash proves it.
    config_commit: trusted_target ? target : found.base,
  };
}
