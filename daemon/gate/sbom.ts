/** In a check process: the bill of materials of a change's merged tree, where the change touches a lock file, or of a commit. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../proto/encoding.ts";
import type { Facts } from "../../proto/facts.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { SbomJob, SbomReply } from "../../proto/worker-beside.ts";
import { GitReader } from "../platform/git/reader.ts";
import { makeSbom, type Leaf, type Sources } from "../sbom/index.ts";
import { lockReader } from "./checks/lock/read.ts";
import { unreadLock } from "./checks/lock/unread.ts";

const COMMITS_MAX = 16;

async function leavesOf(job: SbomJob, reader: GitReader, facts: Facts | null): Promise<{ readonly leaves: readonly Leaf[]; readonly version: string } | null> {
  if ("tree" in job.of) {
    if (facts === null) return null;
    if (facts.gaps.some(({ what }) => what === "merged tree")) throw new MaestroError("request.too_large", "the merged tree has more entries than are listed (limits.facts.tree_entries_max)");
    return { leaves: facts.tree, version: job.of.tree };
  }
  const commit = await reader.history.commit(job.of.commit);
  if (commit === null) throw new MaestroError("intake.incomplete", `commit ${job.of.commit} is not there`);
  const { entries, truncated } = await reader.listTree(commit.tree, job.tree_entries_max);
  if (truncated) throw new MaestroError("request.too_large", `the tree has more than ${job.tree_entries_max} files (limits.facts.tree_entries_max)`);
  return { leaves: entries, version: commit.tree };
}

/** The document lies in `into` afterwards; the core passes it on and reads none of it. */
export async function sbomJob(job: SbomJob, facts: Facts | null): Promise<SbomReply> {
  const { git, git_dir, object_format, deadline_ms, name, into } = job;
  await using reader = new GitReader(git, { git_dir, object_format }, { deadline_ms, commits_max: COMMITS_MAX });
  const content: Sources["content"] = async (oid, bytes_max) => {
    const read = await reader.objects.read(oid, bytes_max);
    if (read.result === "read") return read.content;
    return { because: read.result === "missing" ? "its content is missing" : `it has ${read.info.size} bytes, more than ${bytes_max}` };
  };
  const found = await leavesOf(job, reader, facts);
  if (found === null) return { kind: "sbom", made: null };
  const { document, packages, gaps } = await makeSbom(found.leaves, { readerOf: lockReader, unread: unreadLock, content }, { name, version: found.version });
  if (document === null) return { kind: "sbom", made: null };
  await Bun.write(into, document);
  return { kind: "sbom", made: { path: into, sha256: toHex(sha256(document)), packages, gaps: gaps.map((gap) => ({ ...gap })) } };
}
