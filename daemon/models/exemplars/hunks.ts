/** In a check process: pieces of a repository's own code, as its newest commits added them. The core is told text that is masked and bounded, and parses nothing. */
import { createHash } from "node:crypto";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { HunksJob, HunksReply } from "../../../proto/worker-beside.ts";
import { pathText } from "../../../proto/scalar.ts";
import { classify } from "../../checking/classify.ts";
import { matchesPath } from "../../checking/globs.ts";
import { published } from "../../checking/redact.ts";
import { GitReader } from "../../platform/git/reader.ts";
import type { ParsedCommit } from "../../platform/git/commit.ts";
import type { FilePatch } from "../../platform/git/diff.ts";
import type { HunkLine } from "../../platform/git/patch-parser.ts";

/** Fewer lines show nothing of how somebody writes. */
const LINES_MIN = 3;
const CHARACTERS_MIN = 60;
/** A value of the database holds it; three of them fit a prompt of a small model. */
export const PIECE_BYTES_MAX = 1_400;
const DIFF = { files_max: 2_000, diff_bytes_max: 16 * 1024 * 1024, file_diff_bytes_max: 256 * 1024, line_bytes_max: 1_024 };
/** Whatever a configuration says: files that are made to hold secrets. */
const SECRET_PATHS = ["**/.env", "**/.env.*", "**/*.pem", "**/*.key", "**/*.p12", "**/*.jks", "**/id_rsa*", "**/id_ed25519*", "**/*credential*", "**/*secret*", "**/.npmrc", "**/.netrc", "**/.pypirc"];

type Piece = HunksReply["hunks"][number];

/** As many whole lines as fit. */
function bounded(lines: readonly string[]): readonly string[] {
  let bytes = 0;
  const over = lines.findIndex((line) => (bytes += Buffer.byteLength(line) + 1) > PIECE_BYTES_MAX);
  return over < 0 ? lines : lines.slice(0, over);
}

/** The longest run of added lines of a hunk, masked; null where it shows nothing, or is no text. */
export function addedText(lines: readonly Pick<HunkLine, "op" | "bytes" | "cut">[]): string | null {
  let best: string[] = [];
  let run: string[] = [];
  for (const { op, bytes, cut } of lines) {
    const text = op === "+" && !cut ? fromUtf8(bytes) : null;
    if (text === null || text.includes("\0")) run = [];
    else run.push(text.trimEnd());
    if (run.length > best.length) best = run;
  }
  // Masked before it is cut: half of a credential is not told from a word.
  const kept = bounded(published(best.join("\n")).split("\n"));
  const text = kept.join("\n");
  return kept.length >= LINES_MIN && text.trim().length >= CHARACTERS_MIN ? text : null;
}

function piecesOf({ change, hunks }: FilePatch, commit: string, secret_paths: readonly string[]): Piece[] {
  const path = pathText(change.path);
  const { language, source, generated } = classify(path);
  if (language === null || !source || generated || matchesPath([...SECRET_PATHS, ...secret_paths], path)) return [];
  return hunks.flatMap(({ lines }) => {
    const text = addedText(lines);
    return text === null ? [] : [{ sha256: createHash("sha256").update(text).digest("hex"), language, commit, text }];
  });
}

/** Of one commit against its only parent; none where it is a merge, which adds nothing of its own, or where the daemon was not sent what it would be compared with. */
async function addedBy(reader: GitReader, commit: ParsedCommit, secret_paths: readonly string[]): Promise<Piece[]> {
  const [parent, second] = commit.parents;
  const before = parent === undefined || second !== undefined ? null : await reader.history.commit(parent);
  if (before === null) return [];
  const pieces: Piece[] = [];
  try {
    for await (const patch of reader.diff(before.tree, commit.tree, DIFF)) pieces.push(...piecesOf(patch, commit.oid, secret_paths));
  } catch (error) {
    // Of most commits behind a tip the daemon holds the commit alone. What was read of one whose files are there in part is its own all the same.
    if (!(error instanceof MaestroError) || error.code !== "git.failed") throw error;
  }
  return pieces;
}

/** Newest first, along first parents. */
export async function hunksJob({ git, git_dir, object_format, tip, commits_max, hunks_max, secret_paths, deadline_ms }: HunksJob): Promise<HunksReply> {
  await using reader = new GitReader(git, { git_dir, object_format }, { deadline_ms, commits_max: commits_max * 2 });
  const found = new Map<string, Piece>();
  let next: string | undefined = tip;
  for (let looked = 0; next !== undefined && looked < commits_max && found.size < hunks_max; looked++) {
    const commit: ParsedCommit | null = await reader.history.commit(next);
    if (commit === null) break;
    for (const piece of await addedBy(reader, commit, secret_paths)) if (found.size < hunks_max && !found.has(piece.sha256)) found.set(piece.sha256, piece);
    next = commit.parents[0];
  }
  return { kind: "hunks", hunks: [...found.values()] };
}
