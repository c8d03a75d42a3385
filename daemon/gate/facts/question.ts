/**
 * Which change is asked about, told before a check process has looked into it: from commits and git's list of what differs, and from no
 * content. What a process that is taken over by a content says later cannot make its answer one to another question.
 */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { FactsJob, QuestionJob, QuestionReply } from "../../../proto/worker.ts";
import { GitReader } from "../../platform/git/reader.ts";
import { resolveChange, type Change } from "./change.ts";

const COMMITS_MAX = 1_000_000;

export interface Question {
  readonly reply: QuestionReply;
  /** For the facts of the same two commits, so that they are merged once. */
  readonly change: Change | null;
}

export const sameQuestion = (a: Pick<FactsJob, "git_dir" | "target" | "head" | "trusted_target">, b: Pick<QuestionJob, "git_dir" | "target" | "head" | "trusted_target">): boolean =>
  a.git_dir === b.git_dir && a.target === b.target && a.head === b.head && a.trusted_target === b.trusted_target;

/** No digest where git cannot tell: then nothing is re-used and nothing is kept. */
export async function questionOf(job: QuestionJob): Promise<Question> {
  const { git_dir, object_format, deadline_ms } = job;
  try {
    await using reader = new GitReader(job.git, { git_dir, object_format }, { deadline_ms, commits_max: COMMITS_MAX });
    const change = await resolveChange(reader, job);
    if (!("basis" in change)) return { reply: { kind: "question", change_sha256: null }, change };
    const { kind, conflicts } = change.resolved;
    const difference = await reader.differenceSha256(change.old_tree, change.new_tree);
    const change_sha256 = createHash("sha256").update(canonicalBytes({ v: 1, object_format, basis: change.basis, kind, conflicts, difference })).digest("hex");
    return { reply: { kind: "question", change_sha256 }, change };
  } catch (error) {
    if (error instanceof MaestroError) return { reply: { kind: "question", change_sha256: null }, change: null };
    throw error;
  }
}
