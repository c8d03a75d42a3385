import type { FileChange } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { classify } from "../../checking/classify.ts";
import { findingList } from "./reporting/finding.ts";

function changedLines(file: FileChange): number {
  return file.hunks.reduce((sum, hunk) => sum + hunk.lines.reduce((n, line) => (line.op === " " ? n : n + 1), 0), 0);
}

/** Numbered text of an example file. */
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `export const a${i} = ${i};\n`).join("");

export default defineCheck({
  id: "size",
  question: "Can a person review the change in one sitting?",
  contents: [],
  reads: [],
  rules: [
    {
      id: "size.unreviewable",
      title: "More source than a person can review",
      why: "Reviewers of very large changes approve instead of reading.",
      passes: { says: "A large lock file and its small cause.", change: [{ path: "pnpm-lock.yaml", old: null, new: lines(2000) }, { path: "src/a.ts", old: null, new: lines(20) }] },
      fails: { says: "Nine hundred new lines of source.", change: [{ path: "src/a.ts", old: null, new: lines(900) }] },
      cannot_see: "How hard the lines are; generated, vendored, test, translation and documentation files, which are told by their path alone.",
      replay: "14 of 2,200 changes (11 by people, 3 by agents)",
    },
  ],
  run(facts, { thresholds, folders = [] }) {
    const source = facts.files.filter((file) => classify(pathText(file.path)).source);
    if (source.length === 0) return { not_applicable: "the change touches no source file" };
    const list = findingList();
    const largestOf = (files: readonly FileChange[]) => files.toSorted((a, b) => changedLines(b) - changedLines(a)).slice(0, 3);
    const tooMany = (files: readonly FileChange[], max: number, where: string, place: { readonly file?: FileChange }) => {
      const total = files.reduce((sum, file) => sum + changedLines(file), 0);
      if (total <= max) return;
      list.add({
        rule: "size.unreviewable", severity: "note", message: `${total} changed source lines in ${files.length} ${files.length === 1 ? "file" : "files"}${where}; the limit is ${max}`, ...place,
        counterexample: largestOf(files).map((file) => `${pathText(file.path)} ${changedLines(file)}`).join(", "), fix: "Split the change into parts that stand on their own.",
      });
    };
    tooMany(source, thresholds.size_lines_max, "", {});
    for (const { path, thresholds: own } of folders) {
      const below = source.filter((file) => pathText(file.path).startsWith(`${path}/`));
      const [largest] = largestOf(below);
      // Stands in a file, so that what the folder's rules say of it counts.
      if (largest !== undefined && own.size_lines_max < thresholds.size_lines_max) tooMany(below, own.size_lines_max, ` below ${path}`, { file: largest });
    }
    return list.seen(source.filter((file) => file.truncated).map((file) => ({ what: pathText(file.path), because: "its hunks were cut at a limit, so its lines are undercounted" })));
  },
});
