import type { FactsLimits } from "../../../proto/config.ts";
import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import type { FileChange, FileSide, Gap, Hunk } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import type { Borders } from "../../checking/border.ts";
import type { DiffGaps, FilePatch } from "../../platform/git/diff.ts";
import { lfsPointer, LFS_POINTER_BYTES_MAX, maybeLfsLine } from "../../platform/git/lfs-pointer.ts";
import type { Oid } from "../../platform/git/object-format.ts";
import type { PatchHunk } from "../../platform/git/patch-parser.ts";
import type { ChangeSide } from "../../platform/git/raw-diff.ts";
import type { GitReader } from "../../platform/git/reader.ts";
import { withoutReclassed } from "./reclassed.ts";

export interface ChangedFiles {
  readonly files: readonly FileChange[];
  readonly gaps: readonly Gap[];
  readonly added_lines: number;
  readonly removed_lines: number;
}

/** What git says of two trees, before it is known which of its renames show every line. */
export interface Diffed {
  readonly patches: readonly FilePatch[];
  readonly gaps: DiffGaps;
}

const NUL = 0;

const hunkOf = ({ lines, ...where }: PatchHunk): Hunk => ({ ...where, lines: lines.map(({ op, bytes }) => ({ op, text: fromUtf8Lossy(bytes) })) });

const hasNul = (hunks: readonly PatchHunk[]): boolean => hunks.some(({ lines }) => lines.some(({ bytes }) => bytes.includes(NUL)));

/** Not the first line alone: extensions may put it out of the hunk's sight. */
const namesLfs = (hunks: readonly PatchHunk[]): boolean => hunks.some(({ lines }) => lines.some(({ op, bytes }) => op !== "-" && maybeLfsLine(bytes)));

/** Sizes of all blobs on either side; a submodule's commit lies in another repository and has none. */
async function sizesOf(reader: GitReader, patches: readonly FilePatch[]): Promise<Map<Oid, number>> {
  const sides = patches.flatMap(({ change }) => [change.old, change.new]).filter((side) => side !== null && side.mode !== "160000");
  const oids = [...new Set(sides.map((side) => side!.oid))];
  const infos = await reader.objects.info(oids);
  return new Map(infos.flatMap((info) => (info === null ? [] : [[info.oid, info.size] as const])));
}

async function isPointer(reader: GitReader, { change, hunks }: FilePatch, sizes: ReadonlyMap<Oid, number>): Promise<boolean> {
  if (change.new === null || (sizes.get(change.new.oid) ?? Infinity) > LFS_POINTER_BYTES_MAX || !namesLfs(hunks)) return false;
  const read = await reader.objects.read(change.new.oid, LFS_POINTER_BYTES_MAX);
  return read.result === "read" && lfsPointer(read.content) !== null;
}

function sideOf(side: ChangeSide | null, sizes: ReadonlyMap<Oid, number>): FileSide | null {
  return side === null ? null : { mode: side.mode, oid: side.oid, size: sizes.get(side.oid) ?? 0 };
}

export async function diffed(reader: GitReader, old_tree: Oid, new_tree: Oid, limits: FactsLimits): Promise<Diffed> {
  const diff = reader.diff(old_tree, new_tree, limits);
  const patches: FilePatch[] = [];
  for await (const patch of diff) patches.push(patch);
  return { patches, gaps: diff.gaps };
}

/** Every path on either side. */
export const touchedPaths = ({ patches }: Diffed): string[] => patches.flatMap(({ change: { path, old_path } }) => (old_path === null ? [path] : [path, old_path])).map(pathText);

/** Every changed file between two trees, with its hunks; what was cut is said. */
export async function changedFiles(reader: GitReader, diff: Diffed, borders: Borders, limits: FactsLimits): Promise<ChangedFiles> {
  const patches: FilePatch[] = [];
  for await (const patch of withoutReclassed(reader, diff.patches, borders, limits)) patches.push(patch);
  const sizes = await sizesOf(reader, patches);
  const files: FileChange[] = [];
  const gaps: Gap[] = [];
  const count = { "+": 0, "-": 0, " ": 0 };
  for (const patch of patches) {
    const { change, hunks, truncated } = patch;
    for (const hunk of hunks) for (const { op } of hunk.lines) count[op]++;
    const lfs = await isPointer(reader, patch, sizes);
    const name = pathText(change.path).slice(0, 500);
    if (truncated) gaps.push({ what: name, because: "the diff is longer than the limit" });
    if (lfs) gaps.push({ what: name, because: "a Git LFS pointer: its content is not in the repository" });
    if (change.new?.mode === "160000") gaps.push({ what: name, because: "a submodule: its content is in another repository" });
    files.push({
      path: change.path,
      old_path: change.old_path,
      status: change.status,
      old: sideOf(change.old, sizes),
      new: sideOf(change.new, sizes),
      binary: hasNul(hunks),
      lfs,
      hunks: hunks.map(hunkOf),
      truncated,
    });
  }
  if (diff.gaps.files_omitted) gaps.unshift({ what: "changed files", because: `more than ${limits.files_max}; the rest was not looked at` });
  if (diff.gaps.renames_limited) gaps.unshift({ what: "renames", because: "too many files for rename detection: a renamed file shows as deleted and added" });
  return { files, gaps, added_lines: count["+"], removed_lines: count["-"] };
}
