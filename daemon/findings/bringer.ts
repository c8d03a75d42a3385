/**
 * Who brought a line: the author of the oldest commit from which on it stands there without a break. Found by reading
 * what the store holds of the file in each commit, so a history that was not sent is an answer of its own: unknown.
 */
import type { ParsedCommit } from "../platform/git/commit.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Oid } from "../platform/git/object-format.ts";
import type { Sources } from "./sources.ts";

/** Commits looked at for one line. */
const COMMITS_MAX = 2_000;
const OWNER_CHARACTERS_MAX = 200;

type CommitOf = (oid: Oid) => Promise<ParsedCommit | null>;

/** Null where it cannot be told: a commit or a tree is missing, or there are too many. */
async function stands(sources: Sources, { tree }: ParsedCommit, path: string, line: string): Promise<boolean | null> {
  try {
    const oid = await sources.at(tree, path);
    if (oid === null) return false;
    return (await sources.lines(oid))?.includes(line) ?? null;
  } catch (error) {
    // Commits come without their trees where only the history was streamed.
    if (error instanceof MaestroError && error.code === "intake.incomplete") return null;
    throw error;
  }
}

async function parentWith(commit: ParsedCommit, commitOf: CommitOf, sources: Sources, path: string, line: string): Promise<ParsedCommit | "none" | "unknown"> {
  for (const oid of commit.parents) {
    const parent = await commitOf(oid);
    const there = parent === null ? null : await stands(sources, parent, path, line);
    if (parent === null || there === null) return "unknown";
    if (there) return parent;
  }
  return "none";
}

/** `Name <address>` of the author, or null where it is unknown. Follows the first parent that has the line. */
export async function bringer(start: Oid, path: string, line: string, commitOf: CommitOf, sources: Sources): Promise<string | null> {
  let commit = await commitOf(start);
  for (let seen = 0; commit !== null && seen < COMMITS_MAX; seen++) {
    const parent = await parentWith(commit, commitOf, sources, path, line);
    if (parent === "unknown") return null;
    if (parent === "none") return `${commit.author.name} <${commit.author.email}>`.slice(0, OWNER_CHARACTERS_MAX).toWellFormed();
    commit = parent;
  }
  return null;
}
