import { fromUtf8Lossy } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { BoundedLines, type BoundedLine } from "./bounded-lines.ts";
import { assertOid, type Oid } from "./object-format.ts";
import { PatchParser, type HunkLine, type PatchHunk } from "./patch-parser.ts";
import { parseRawLine, type TreeChange } from "./raw-diff.ts";
import { Git, gitFailed, type GitDir } from "./runner.ts";
import type { ReadLimits } from "./tree.ts";

/** A raw line holds two quoted paths, four characters a byte at worst. */
const RAW_LINE_BYTES_MAX = 64 * 1024;
const STDOUT_BYTES_MAX = 8 * 1024 ** 3;
/** git's own limit; past it only exact renames are found, which is said. */
const RENAMES_MAX = 1000;
const NEWLINE = 0x0a;

export interface DiffLimits extends ReadLimits {
  readonly files_max: number;
  /** Bytes of all kept hunk lines. */
  readonly diff_bytes_max: number;
  /** Bytes of one file's kept hunk lines, so that one large file does not hide the rest. */
  readonly file_diff_bytes_max: number;
  readonly line_bytes_max: number;
}

export interface FilePatch {
  readonly change: TreeChange;
  readonly hunks: readonly PatchHunk[];
  /** Some lines are not in `hunks`, or not whole: a limit was reached. */
  readonly truncated: boolean;
}

/** What was not looked at; valid once the patches have been read. */
export interface DiffGaps {
  /** Changed files past `files_max`, not listed at all. */
  readonly files_omitted: boolean;
  /** Too many files for rename detection: a renamed file shows as deleted and added. */
  readonly renames_limited: boolean;
}

/** No attribute, configuration or filter of the change is asked: `--text` shows what a `binary` attribute would hide. */
const OPTIONS = ["-r", "--no-commit-id", "--full-index", "--text", "--no-ext-diff", "--no-textconv", "--no-color", "-U3", "-M50%", `-l${RENAMES_MAX}`];
const PREFIXES = ["--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--ignore-submodules=none", "--diff-algorithm=myers", "--no-relative"];

/** The difference between two trees: iterate it once, then read `gaps`. Every changed file comes exactly once, in path order. */
export class TreeDiff implements AsyncIterable<FilePatch> {
  readonly #git: Git;
  readonly #dir: GitDir;
  readonly #args: readonly string[];
  readonly #limits: DiffLimits;
  #gaps: DiffGaps | null = null;

  constructor(git: Git, dir: GitDir, old_tree: Oid, new_tree: Oid, limits: DiffLimits) {
    assertOid(old_tree, dir.object_format);
    assertOid(new_tree, dir.object_format);
    this.#git = git;
    this.#dir = dir;
    this.#args = ["diff-tree", ...OPTIONS, ...PREFIXES, "--raw", "-p", old_tree, new_tree];
    this.#limits = limits;
  }

  get gaps(): DiffGaps {
    if (this.#gaps === null) throw new MaestroError("internal.bug", "the diff was not read to its end");
    return this.#gaps;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FilePatch, void, undefined> {
    const { line_bytes_max } = this.#limits;
    const stream = this.#git.stream(this.#dir, this.#args, { ...this.#limits, stdout_bytes_max: STDOUT_BYTES_MAX });
    const lines = new BoundedLines(Math.max(RAW_LINE_BYTES_MAX, line_bytes_max + 1), NEWLINE);
    const patches = new Patches(this.#limits);
    for await (const chunk of stream) {
      for (const line of lines.push(chunk)) {
        const finished = patches.push(line);
        if (finished !== null) yield finished;
        if (patches.full) break;
      }
      if (patches.full) break;
    }
    if (!patches.full) {
      const { code, stderr } = await stream.ended;
      if (code !== 0) throw gitFailed(this.#args, code, stderr);
      patches.end();
    }
    yield* patches.rest();
    this.#gaps = patches.gaps;
  }
}

/** Assembles git's output into files: first the list of changes, then one patch for each, in the same order. */
class Patches {
  /** A limit over all files was reached: nothing more is kept, so nothing more need be read. */
  full = false;
  readonly #limits: DiffLimits;
  readonly #changes: TreeChange[] = [];
  readonly #parser: PatchParser;
  #listing = true;
  #added = 0;
  #deleted = 0;
  #files_omitted = false;
  #kept_bytes = 0;
  #current = new OpenFile();

  constructor(limits: DiffLimits) {
    this.#limits = limits;
    this.#parser = new PatchParser(this.#changes, limits.line_bytes_max);
  }

  get gaps(): DiffGaps {
    return { files_omitted: this.#files_omitted, renames_limited: this.#added * this.#deleted > RENAMES_MAX ** 2 };
  }

  /** Returns the file that this line shows to be complete, if any. */
  push(line: BoundedLine): FilePatch | null {
    if (this.#listing) {
      this.#list(line);
      return null;
    }
    const before = this.#parser.at;
    if (this.#files_omitted && this.#parser.startsSection(line) && this.#parser.isLast) {
      this.full = true;
      return null;
    }
    const content = this.#parser.push(line);
    const finished = this.#parser.at === before || before < 0 ? null : this.#finish(before);
    if (content !== null) this.#keep(content.hunk, content.line);
    return finished;
  }

  end(): void {
    this.#parser.end();
  }

  /** The open file, then those whose patch was never reached. */
  *rest(): Generator<FilePatch, void, undefined> {
    const { at } = this.#parser;
    if (at >= 0) yield this.#finish(at);
    for (const change of this.#changes.slice(Math.max(0, at + 1))) yield { change, hunks: [], truncated: true };
  }

  #list({ bytes, size }: BoundedLine): void {
    if (size === 0) {
      this.#listing = false;
      return;
    }
    if (size > bytes.length) throw new MaestroError("git.failed", `a line of ${size} bytes in git's list of changed files`);
    const change = parseRawLine(fromUtf8Lossy(bytes));
    if (change.status === "added") this.#added++;
    if (change.status === "deleted") this.#deleted++;
    if (this.#changes.length < this.#limits.files_max) this.#changes.push(change);
    else this.#files_omitted = true;
  }

  #keep(hunk: PatchHunk, line: HunkLine): void {
    const bytes = line.bytes.length;
    const { diff_bytes_max, file_diff_bytes_max } = this.#limits;
    if (this.#kept_bytes + bytes > diff_bytes_max) this.full = true;
    if (this.full || this.#current.bytes + bytes > file_diff_bytes_max) {
      this.#current.truncated = true;
      return;
    }
    this.#kept_bytes += bytes;
    this.#current.bytes += bytes;
    if (line.cut) this.#current.truncated = true;
    if (this.#current.hunks.at(-1) !== hunk) this.#current.hunks.push(hunk);
    hunk.lines.push(line);
  }

  #finish(at: number): FilePatch {
    const change = this.#changes[at];
    if (change === undefined) throw new MaestroError("git.failed", "a patch without a changed file");
    const { hunks, truncated } = this.#current;
    this.#current = new OpenFile();
    return { change, hunks, truncated };
  }
}

/** What has been kept of the file whose patch is being read. */
class OpenFile {
  readonly hunks: PatchHunk[] = [];
  bytes = 0;
  truncated = false;
}
