import { MaestroError } from "../../../proto/errors.ts";
import { pathFromBytes, type PathBytes } from "../../../proto/scalar.ts";
import type { Oid } from "./object-format.ts";
import { unquotePath } from "./quoted-path.ts";
import { leafMode, type LeafMode } from "./tree.ts";

export interface ChangeSide {
  readonly mode: LeafMode;
  readonly oid: Oid;
}

const STATUS = { A: "added", M: "modified", D: "deleted", R: "renamed", C: "copied", T: "type_changed" } as const;

/** One file between two trees. */
export interface TreeChange {
  readonly status: (typeof STATUS)[keyof typeof STATUS];
  readonly path: PathBytes;
  /** Set for renames and copies. */
  readonly old_path: PathBytes | null;
  readonly old: ChangeSide | null;
  readonly new: ChangeSide | null;
  /** Percent, of a rename or copy; null otherwise. */
  readonly similarity: number | null;
}

const RAW = /^:([0-7]{6}) ([0-7]{6}) ([0-9a-f]+) ([0-9a-f]+) ([AMDRCT])([0-9]*)\t([^\t]+)(?:\t([^\t]+))?$/;

/** One line of `git diff-tree --raw` with core.quotePath on (git-diff-tree, "raw output format"). */
export function parseRawLine(line: string): TreeChange {
  const [, old_mode = "", new_mode = "", old_oid = "", new_oid = "", letter = "", score = "", first = "", second] = RAW.exec(line) ?? [];
  if (letter === "") throw new MaestroError("git.failed", "a line of git's list of changed files cannot be read");
  const path = pathFromBytes(unquotePath(second ?? first));
  return {
    status: STATUS[letter as keyof typeof STATUS],
    path,
    old_path: second === undefined ? null : pathFromBytes(unquotePath(first)),
    old: old_mode === "000000" ? null : { mode: leafMode(old_mode), oid: old_oid },
    new: new_mode === "000000" ? null : { mode: leafMode(new_mode), oid: new_oid },
    similarity: score === "" ? null : Number(score),
  };
}
