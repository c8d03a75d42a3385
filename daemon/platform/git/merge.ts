import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { equalBytes, fromUtf8Lossy, utf8 } from "../../../proto/encoding.ts";
import { pathFromBytes, type PathBytes } from "../../../proto/scalar.ts";
import { assertOid, objectBytes, objectId, type Oid } from "./object-format.ts";
import { Git, gitFailed, type GitDir } from "./runner.ts";

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** Author and committer of the synthetic commits: fixed, so that the same three trees always give the same ids. */
const IDENT = "Maestro <maestro@invalid> 0 +0000";

/** Git does not sync loose objects unless told to, and never writes one again whose name is there, so a power cut would leave a tree that cannot be read. */
const SYNCED = ["-c", "core.fsync=loose-object"] as const;

export interface MergeTrees {
  readonly base: Oid;
  readonly target: Oid;
  readonly head: Oid;
}

export type MergeOutcome =
  | { readonly result: "merged"; readonly tree: Oid }
  /** No tree: its content would depend on how the sides are labelled. */
  | { readonly result: "conflict"; readonly paths: readonly PathBytes[] };

export interface MergeOptions {
  readonly deadline_ms: number;
  readonly signal?: AbortSignal;
}

/**
 * The tree that merging head into target would give. The repository is a cut snapshot, where merge-tree
 * refuses "unrelated histories", so it gets three synthetic commits: base, and target and head on top of it. The tree is
 * the real merge's (the history between them plays no part once there is one merge base). Attributes of the change
 * have no effect, because the repository is bare and has none of its own.
 */
export async function mergeTrees(git: Git, dir: GitDir, trees: MergeTrees, options: MergeOptions): Promise<MergeOutcome> {
  const base = await writeCommit(dir, trees.base, []);
  const target = await writeCommit(dir, trees.target, [base]);
  const head = await writeCommit(dir, trees.head, [base]);
  const args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", target, head];
  const { code, stdout, stderr } = await git.run(dir, args, { ...options, global: SYNCED, stdout_bytes_max: OUTPUT_BYTES_MAX });
  if (code !== 0 && code !== 1) throw gitFailed(args, code, stderr);
  const [tree = new Uint8Array(0), ...paths] = splitNul(stdout);
  const oid = fromUtf8Lossy(tree);
  assertOid(oid, dir.object_format);
  return code === 0 ? { result: "merged", tree: oid } : { result: "conflict", paths: paths.map(pathFromBytes) };
}

async function writeCommit(dir: GitDir, tree: Oid, parents: readonly Oid[]): Promise<Oid> {
  assertOid(tree, dir.object_format);
  const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${IDENT}`, `committer ${IDENT}`, "", "merge input", ""];
  return writeLoose(dir, utf8(lines.join("\n")));
}

/**
 * A loose commit object, written as git does (temporary file, then rename) without the 5 ms of a process. It is not synced: one that a
 * power cut left empty is not what belongs there, and is written again.
 */
async function writeLoose(dir: GitDir, content: Uint8Array): Promise<Oid> {
  const oid = objectId(dir.object_format, "commit", content);
  const path = join(dir.git_dir, "objects", oid.slice(0, 2), oid.slice(2));
  const bytes = deflateSync(objectBytes("commit", content));
  if (await holds(path, bytes)) return oid;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}.${Bun.nanoseconds()}`;
  try {
    await Bun.write(fresh, bytes, { mode: 0o400 });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  return oid;
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  const file = Bun.file(path);
  return (await file.exists()) && equalBytes(await file.bytes(), bytes);
}

function splitNul(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(0, at);
    const end = found === -1 ? bytes.length : found;
    if (end > at) parts.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return parts;
}
