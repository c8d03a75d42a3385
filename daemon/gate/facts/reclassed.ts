/**
 * A file renamed so that other rules speak of it, such as prose that becomes a program or what is moved into a folder with
 * a `maestro.yaml` of its own or out of a waiver's reach, shows as taken away and added: its lines were never looked at as what they are now and by
 * the rules of where they are now, and a rename shows none of them. No copies are looked for, so what is one shows as added.
 */
import type { FactsLimits } from "../../../proto/config.ts";
import { pathText, type PathBytes } from "../../../proto/scalar.ts";
import type { Borders } from "../../checking/border.ts";
import { classify, isProse } from "../../checking/classify.ts";
import type { FilePatch } from "../../platform/git/diff.ts";
import type { HunkLine, PatchHunk } from "../../platform/git/patch-parser.ts";
import type { ChangeSide } from "../../platform/git/raw-diff.ts";
import type { GitReader } from "../../platform/git/reader.ts";

const NEWLINE = 0x0a;
const SUBMODULE = "160000";

type Limits = Pick<FactsLimits, "diff_bytes_max" | "file_diff_bytes_max" | "line_bytes_max">;

function kindOf(path: PathBytes): string {
  const text = pathText(path);
  return classify(text).language ?? (isProse(text) ? "prose" : "data");
}

function reclassed({ change: { status, path, old_path, old, new: now } }: FilePatch, borders: Borders): boolean {
  if (status !== "renamed" || old_path === null || old?.mode === SUBMODULE || now?.mode === SUBMODULE) return false;
  // A switched-off test is one only in a test's file, and a key is excused only among fixtures: moved out, each is looked at.
  if (borders.sideOf(pathText(path)) !== borders.sideOf(pathText(old_path))) return true;
  // In prose the fewest rules find anything, so what becomes prose needs no second look.
  return kindOf(path) !== "prose" && kindOf(path) !== kindOf(old_path);
}

function linesOf(content: Uint8Array, op: "+" | "-", line_bytes_max: number): HunkLine[] {
  const lines: HunkLine[] = [];
  for (let start = 0; start < content.length; ) {
    const found = content.indexOf(NEWLINE, start);
    const end = found < 0 ? content.length : found;
    lines.push({ op, bytes: content.slice(start, Math.min(end, start + line_bytes_max)), cut: end - start > line_bytes_max, no_newline: found < 0 });
    start = end + 1;
  }
  return lines;
}

interface Text {
  readonly hunks: PatchHunk[];
  readonly truncated: boolean;
}

/** Every line of one side; none where the blob is missing or larger than `bytes_max`, and then that is said. */
async function wholeText(reader: GitReader, { oid }: ChangeSide, op: "+" | "-", bytes_max: number, line_bytes_max: number): Promise<Text & { readonly bytes: number }> {
  const read = await reader.objects.read(oid, bytes_max);
  if (read.result !== "read") return { hunks: [], truncated: true, bytes: 0 };
  const lines = linesOf(read.content, op, line_bytes_max);
  const [old_lines, new_lines] = op === "-" ? [lines.length, 0] : [0, lines.length];
  const hunks = lines.length === 0 ? [] : [{ old_start: Math.min(1, old_lines), old_lines, new_start: Math.min(1, new_lines), new_lines, lines }];
  return { hunks, truncated: lines.some(({ cut }) => cut), bytes: read.content.length };
}

/** Each patch, or the two that it comes to. All of them together add at most `diff_bytes_max` bytes of lines. */
export async function* withoutReclassed(reader: GitReader, patches: readonly FilePatch[], borders: Borders, { diff_bytes_max, file_diff_bytes_max, line_bytes_max }: Limits): AsyncGenerator<FilePatch, void, undefined> {
  let left = diff_bytes_max;
  for (const patch of patches) {
    const { path, old_path, old, new: now } = patch.change;
    if (!reclassed(patch, borders) || old_path === null || old === null || now === null) {
      yield patch;
      continue;
    }
    const plain = { old_path: null, similarity: null };
    const before = await wholeText(reader, old, "-", Math.min(left, file_diff_bytes_max), line_bytes_max);
    const after = await wholeText(reader, now, "+", Math.min(left - before.bytes, file_diff_bytes_max), line_bytes_max);
    left -= before.bytes + after.bytes;
    yield { change: { ...plain, status: "deleted", path: old_path, old, new: null }, hunks: before.hunks, truncated: before.truncated };
    yield { change: { ...plain, status: "added", path, old: null, new: now }, hunks: after.hunks, truncated: after.truncated };
  }
}
