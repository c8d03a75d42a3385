/** What drafts are written from: the recorded gate, and the two sides of what changed. Everything here is the change's word, so hostile. */
import type { Card } from "../../proto/card.ts";
import type { FileChange, Gap } from "../../proto/facts.ts";
import type { CheckFinding } from "../../proto/findings.ts";
import { pathText } from "../../proto/scalar.ts";
import { classify, type PathClass } from "../checking/classify.ts";

/** One side is null where there is none, or where it was not read; `unread` says why. */
export interface MaterialFile {
  readonly change: FileChange;
  readonly old: string | null;
  readonly new: string | null;
  readonly unread: string | null;
}

export interface Material {
  readonly card: Card;
  readonly findings: readonly CheckFinding[];
  readonly files: readonly MaterialFile[];
  /** What of the two trees was not read. */
  readonly gaps: readonly Gap[];
  readonly title: string;
}

export interface Seen extends MaterialFile {
  readonly path: string;
  readonly old_path: string | null;
  readonly kind: PathClass;
  readonly added: readonly NumberedLine[];
  readonly removed: readonly NumberedLine[];
}

export interface NumberedLine {
  readonly line: number;
  readonly text: string;
}

/** A file with the numbers of its changed lines, as the new and the old side count them. */
export function seen(file: MaterialFile): Seen {
  const { change } = file;
  const added: NumberedLine[] = [];
  const removed: NumberedLine[] = [];
  for (const hunk of change.hunks) {
    let [before, after] = [hunk.old_start, hunk.new_start];
    for (const { op, text } of hunk.lines) {
      if (op === "+") added.push({ line: after, text });
      if (op === "-") removed.push({ line: before, text });
      if (op !== "-") after += 1;
      if (op !== "+") before += 1;
    }
  }
  const path = pathText(change.path);
  return { ...file, path, old_path: change.old_path === null ? null : pathText(change.old_path), kind: kindOf(path), added, removed };
}

/** Named like prose and read by programs. */
const NO_PROSE = /(?:^|\/)(?:CMakeLists|[^/]*requirements[^/]*|constraints[^/]*|robots|conanfile|llms|runtime|versions?)\.txt$/i;
const kindOf = (path: string): PathClass => (NO_PROSE.test(path) ? { ...classify(path), docs: false } : classify(path));
