import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { pathFromBytes, type PathBytes } from "../../../proto/scalar.ts";
import { BoundedLines } from "./bounded-lines.ts";
import { assertOid, type Oid } from "./object-format.ts";
import { Git, gitFailed, type GitDir } from "./runner.ts";

/** Modes git gives a leaf of a tree, whatever the tree has stored: file, program, symbolic link, submodule. */
export type LeafMode = "100644" | "100755" | "120000" | "160000";

export interface TreeLeaf {
  readonly path: PathBytes;
  readonly mode: LeafMode;
  readonly oid: Oid;
}

export interface TreeList {
  /** In the order of their path's bytes. */
  readonly entries: readonly TreeLeaf[];
  /** There are more than were asked for. */
  readonly truncated: boolean;
}

export interface ReadLimits {
  readonly deadline_ms: number;
  readonly signal?: AbortSignal;
}

/** Longer than any path a file system takes. */
const RECORD_BYTES_MAX = 64 * 1024;
const STDOUT_BYTES_MAX = 4 * 1024 ** 3;
const MODES: ReadonlySet<string> = new Set(["100644", "100755", "120000", "160000"]);

/** Every leaf below a tree: files, symbolic links and submodules, with nothing left out by an attribute. */
export async function listTree(git: Git, dir: GitDir, tree: Oid, entries_max: number, limits: ReadLimits): Promise<TreeList> {
  assertOid(tree, dir.object_format);
  const args = ["ls-tree", "-r", "-z", "--full-tree", tree];
  const stream = git.stream(dir, args, { ...limits, stdout_bytes_max: STDOUT_BYTES_MAX });
  const entries: TreeLeaf[] = [];
  const records = new BoundedLines(RECORD_BYTES_MAX, 0);
  for await (const chunk of stream) {
    for (const { bytes, size } of records.push(chunk)) {
      if (size > bytes.length) throw new MaestroError("git.failed", `a path of ${size} bytes`);
      if (entries.length === entries_max) return { entries, truncated: true };
      entries.push(leaf(bytes));
    }
  }
  const { code, stderr } = await stream.ended;
  if (code !== 0) throw gitFailed(args, code, stderr);
  return { entries, truncated: false };
}

/** `<mode> SP <type> SP <oid> TAB <path>` */
function leaf(record: Uint8Array): TreeLeaf {
  const tab = record.indexOf(0x09);
  const [mode = "", , oid = ""] = fromUtf8Lossy(record.subarray(0, tab)).split(" ");
  return { path: pathFromBytes(record.slice(tab + 1)), mode: leafMode(mode), oid };
}

export function leafMode(mode: string): LeafMode {
  if (!MODES.has(mode)) throw new MaestroError("git.failed", `git printed the unknown file mode ${mode}`);
  return mode as LeafMode;
}
