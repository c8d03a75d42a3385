import type { ClientGit } from "./git.ts";

/** A bare commit packs to well under this; the daemon's own limit is per commit too. */
export const HISTORY_BYTES_MAX = 64 * 1024 * 1024;
const LINE_BYTES = 66;
/** Boundary commits come on top of the commits asked for. */
const LIST_FACTOR = 2;

export interface StreamedHistory {
  /** Commit objects to send without their trees. */
  readonly commits: readonly string[];
  /** Those of them whose parents are not sent. */
  readonly cuts: readonly string[];
  readonly truncated: boolean;
}

/**
 * The commits from `tips` down to `behind` and the edge below them. A side branch may leave the main line further down than `behind`; then the path from
 * `behind` to that point is sent too, so that the daemon sees by itself that the point is old and hides no other merge base.
 */
export async function historyBetween(git: ClientGit, tips: readonly string[], behind: readonly string[], commits_max: number): Promise<StreamedHistory> {
  const stdout_bytes_max = commits_max * LIST_FACTOR * LINE_BYTES;
  const limit = `--max-count=${commits_max}`;
  const listed = await git.lines("rev-list", ["--boundary", limit, "--stdin"], { stdin: revisions(tips, behind), stdout_bytes_max });
  const commits = listed.filter((line) => !line.startsWith("-"));
  const edge = listed.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
  if (commits.length >= commits_max) return { commits: [...new Set([...commits, ...edge, ...behind])], cuts: edge, truncated: true };
  const older = edge.filter((oid) => !behind.includes(oid));
  if (older.length === 0 || behind.length === 0) return { commits: [...new Set([...commits, ...edge, ...behind])], cuts: [...new Set([...edge, ...behind])], truncated: false };
  const path = await git.lines("rev-list", ["--ancestry-path", limit, "--stdin"], { stdin: revisions(behind, older), stdout_bytes_max });
  return { commits: [...new Set([...commits, ...edge, ...behind, ...path])], cuts: older, truncated: path.length >= commits_max };
}

function revisions(from: readonly string[], without: readonly string[]): string {
  return [...from, ...without.map((oid) => `^${oid}`)].map((line) => `${line}\n`).join("");
}
