/**
 * Which change is asked about, told before a check process has looked into it: from commits and git's list of what differs, and from no
 * content. What a process that is taken over by a content says later cannot make its answer one to another question.
 */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { FactsJob, QuestionJob, QuestionReply } from "../../../proto/worker.ts";
import { GitReader } from "../../platform/git/reader.ts";
import { resolveChange, type Change, type KnownChange } from "./change.ts";

const COMMITS_MAX = 1_000_000;

export const openReader = ({ git, git_dir, object_format, deadline_ms }: Pick<FactsJob, "git" | "git_dir" | "object_format" | "deadline_ms">): GitReader =>
  new GitReader(git, { git_dir, object_format }, { deadline_ms, commits_max: COMMITS_MAX });

/** What the two commits came to, and the reader that told, still open: whoever takes it closes it. */
export interface Resolved {
  readonly change: Change;
  readonly reader: GitReader;
}

export interface Question {
  readonly reply: QuestionReply;
  /** For the facts of the same two commits, so that they are merged once and read by one process of git; null where git failed. */
  readonly resolved: Resolved | null;
}

export const sameQuestion = (a: Pick<FactsJob, "git_dir" | "target" | "head" | "trusted_target">, b: Pick<QuestionJob, "git_dir" | "target" | "head" | "trusted_target">): boolean =>
  a.git_dir === b.git_dir && a.target === b.target && a.head === b.head && a.trusted_target === b.trusted_target;

/** No digest where git cannot tell: then nothing is re-used and nothing is kept. */
export async function questionOf(job: QuestionJob): Promise<Question> {
  let reader: GitReader | null = null;
  try {
    reader = openReader(job);
    const change = await resolveChange(reader, job);
    return { reply: { kind: "question", change_sha256: "basis" in change ? await digestOf(reader, job, change) : null }, resolved: { change, reader } };
  } catch (error) {
    await reader?.close();
    if (error instanceof MaestroError) return { reply: { kind: "question", change_sha256: null }, resolved: null };
    throw error;
  }
}

async function digestOf(reader: GitReader, { object_format }: QuestionJob, { basis, resolved: { kind, conflicts }, old_tree, new_tree }: KnownChange): Promise<string> {
  const difference = await reader.differenceSha256(old_tree, new_tree);
  return createHash("sha256").update(canonicalBytes({ v: 1, object_format, basis, kind, conflicts, difference })).digest("hex");
}
