import { createHash } from "node:crypto";
import type { Oid } from "./object-format.ts";
import { gitFailed, type Git, type GitDir } from "./runner.ts";
import type { ReadLimits } from "./tree.ts";

/** Some 400,000 changed files. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** SHA-256 over `git diff-tree --raw -z` between two trees, with whole object ids and renames as they are: one file gone, one come. */
export async function differenceSha256(git: Git, dir: GitDir, old_tree: Oid, new_tree: Oid, limits: ReadLimits): Promise<string> {
  const args = ["diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-commit-id", "--ignore-submodules=none", old_tree, new_tree];
  const { code, stdout, stderr } = await git.run(dir, args, { ...limits, stdout_bytes_max: OUTPUT_BYTES_MAX });
  if (code !== 0) throw gitFailed(args, code, stderr);
  return createHash("sha256").update(stdout).digest("hex");
}
