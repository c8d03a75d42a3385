/** In a check process: what a build rests on. Its recipe comes from the trusted commit; of the commit that is built only the tree is looked at. */
import { MaestroError } from "../../proto/errors.ts";
import type { BuildPlanJob, BuildPlanReply } from "../../proto/worker.ts";
import { GitReader } from "../platform/git/reader.ts";
import { baseConfig } from "./facts/base-config.ts";

const COMMITS_MAX = 16;

/** Throws `intake.incomplete` where the commit is not there, `request.too_large` for its tree. */
export async function buildPlan({ git, git_dir, object_format, target, commit, policy_path, tree_entries_max, deadline_ms }: BuildPlanJob): Promise<BuildPlanReply> {
  await using reader = new GitReader(git, { git_dir, object_format }, { deadline_ms, commits_max: COMMITS_MAX });
  const config = await baseConfig(reader, target, { policy_path });
  const built = await reader.history.commit(commit);
  if (built === null) throw new MaestroError("intake.incomplete", `commit ${commit} is not there`);
  const { entries, truncated } = await reader.listTree(built.tree, tree_entries_max);
  if (truncated) throw new MaestroError("request.too_large", `the tree has more than ${tree_entries_max} files (limits.command.tree_entries_max)`);
  return { kind: "build-plan", tree: built.tree, tree_sha256: await reader.treeSha256(entries), committed_s: Math.max(0, built.committer.at_s ?? 0), config };
}
