/** In a check process: the commits of a range, and the content digests of some of their trees. Every word comes from git's own objects. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex, utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { CommitsJob, CommitsReply } from "../../proto/worker-beside.ts";
import type { ParsedCommit } from "../platform/git/commit.ts";
import { GitReader } from "../platform/git/reader.ts";
import type { ContentDigests } from "../platform/git/tree-digest.ts";

/** What a rebase leaves as it is. */
const wordsOf = ({ author: { name, email, at_s }, message }: ParsedCommit): string => toHex(sha256(utf8(JSON.stringify([name, email, at_s, message]))));

const described = (commit: ParsedCommit) => ({ oid: commit.oid, tree: commit.tree, parents: [...commit.parents], words: wordsOf(commit) });

type Listed = Pick<CommitsReply, "commits" | "because">;

/** Everything behind `to`. */
async function whole({ history }: GitReader, to: string, commits_max: number): Promise<Listed> {
  const found = new Map<string, ParsedCommit>();
  const queue = [to];
  for (let oid = queue.pop(); oid !== undefined; oid = queue.pop()) {
    if (found.has(oid)) continue;
    if (found.size >= commits_max) return { commits: [], because: `more than ${commits_max} commits` };
    const commit = await history.commit(oid);
    if (commit === null) return { commits: [], because: `commit ${oid} was not sent` };
    found.set(oid, commit);
    queue.push(...commit.parents);
  }
  return { commits: [...found.values()].map(described), because: null };
}

async function listed(reader: GitReader, { from, to }: NonNullable<CommitsJob["range"]>, commits_max: number): Promise<Listed> {
  if (from === null) return whole(reader, to, commits_max);
  const { commits, gap } = await reader.history.commits(from, to, commits_max);
  return gap === null ? { commits: commits.map(described), because: null } : { commits: [], because: gap.detail };
}

/** A digest for each tree, in order. Throws `request.too_large`, `git.failed`. */
async function digested(reader: GitReader, trees: readonly string[], entries_max: number): Promise<string[]> {
  const known: ContentDigests = new Map();
  const digests: string[] = [];
  for (const tree of trees) {
    const { entries, truncated } = await reader.listTree(tree, entries_max);
    if (truncated) throw new MaestroError("request.too_large", `the tree has more than ${entries_max} files (limits.command.tree_entries_max)`);
    digests.push(await reader.treeSha256(entries, known));
  }
  return digests;
}

export async function commitsJob({ git, git_dir, object_format, range, tip, trees, commits_max, tree_entries_max, deadline_ms }: CommitsJob): Promise<CommitsReply> {
  await using reader = new GitReader(git, { git_dir, object_format }, { deadline_ms, commits_max: commits_max * 2 });
  const { commits, because } = range === null ? { commits: [], because: null } : await listed(reader, range, commits_max);
  const ancestor = range === null || tip === null ? null : await reader.history.isAncestor(range.to, tip);
  return { kind: "commits", commits, because, behind_tip: ancestor === null || !ancestor.known ? null : ancestor.ancestor, digests: await digested(reader, trees, tree_entries_max) };
}
