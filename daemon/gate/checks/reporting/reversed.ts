import type { Facts, FileChange, FileContent, Hunk, Line } from "../../../../proto/facts.ts";

const back = ({ op, text }: Line): Line => ({ op: op === "+" ? "-" : op === "-" ? "+" : " ", text });

const backHunk = ({ old_start, old_lines, new_start, new_lines, lines }: Hunk): Hunk => ({ old_start: new_start, old_lines: new_lines, new_start: old_start, new_lines: old_lines, lines: lines.map(back) });

/** A renamed file comes back under its old name as if it were added there: both its name and its lines were at the base. */
function backFile(file: FileChange): FileChange {
  const renamed = file.status === "renamed";
  const status = renamed || file.status === "deleted" ? "added" : file.status === "added" ? "deleted" : file.status;
  return { ...file, path: file.old_path ?? file.path, old_path: null, status, old: status === "added" ? null : file.new, new: file.old, lfs: false, hunks: file.hunks.map(backHunk) };
}

const other = (content: FileContent): FileContent => ({ ...content, side: content.side === "old" ? "new" : "old" });

/**
 * The change taken back: what a check finds in it stood at the base in the lines, names and files that the change takes away.
 * A copy takes nothing away and is left out; commits and their words were not there before.
 */
export function reversed(facts: Facts): Facts {
  const files = facts.files.filter(({ status }) => status !== "copied").map(backFile);
  const gone = new Set(facts.files.filter(({ status }) => status === "added" || status === "renamed" || status === "copied").map(({ path }) => JSON.stringify(path)));
  const came = files.flatMap(({ path, new: side, status }) => (side !== null && status === "added" ? [{ path, mode: side.mode, oid: side.oid }] : []));
  // What stays the same is looked up in the change itself, and the tree made only for who asks: a check that reads neither does not rest on them.
  return Object.defineProperties(Object.create(facts) as Facts, {
    commits: { value: [] },
    title: { value: "" },
    files: { value: files },
    tree: { get: () => [...facts.tree.filter(({ path }) => !gone.has(JSON.stringify(path))), ...came] },
    contents: { get: () => facts.contents.map(other) },
    added_lines: { get: () => facts.removed_lines },
    removed_lines: { get: () => facts.added_lines },
  } satisfies Partial<Record<keyof Facts, PropertyDescriptor>>);
}

/** Characters of the lines that the change takes away; names count as one line each. */
export function takenAway(facts: Facts): number {
  return facts.files.reduce((sum, { status, old_path, path, hunks }) => {
    const name = status === "deleted" || status === "renamed" ? JSON.stringify(old_path ?? path).length : 0;
    return sum + name + hunks.reduce((n, { lines }) => n + lines.reduce((m, { op, text }) => (op === "-" ? m + text.length + 1 : m), 0), 0);
  }, 0);
}
