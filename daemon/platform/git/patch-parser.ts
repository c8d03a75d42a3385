import { fromUtf8Lossy, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { BoundedLine } from "./bounded-lines.ts";
import type { TreeChange } from "./raw-diff.ts";

export interface HunkLine {
  readonly op: "+" | "-" | " ";
  /** Content without its newline, not necessarily UTF-8, at most `line_bytes_max` of it. */
  readonly bytes: Uint8Array;
  readonly cut: boolean;
  /** The file ends here without a newline. */
  no_newline: boolean;
}

/** Starts are 1-based; 0 for an empty side. */
export interface PatchHunk {
  readonly old_start: number;
  readonly old_lines: number;
  readonly new_start: number;
  readonly new_lines: number;
  readonly lines: HunkLine[];
}

const SECTION = utf8("diff --git ");
const [BACKSLASH, AT, INDEX_I] = [0x5c, 0x40, 0x69];
const HUNK = /^@@ -([0-9]+)(?:,([0-9]+))? \+([0-9]+)(?:,([0-9]+))? @@/;
const INDEX = /^index ([0-9a-f]+)\.\.([0-9a-f]+)(?: [0-7]{6})?$/;
const ZERO = /^0+$/;

/**
 * Reads the patch part of `diff-tree --raw -p --full-index` line by line. Which file a section belongs to comes
 * from the raw list's order and is checked by the object ids in the section, never from the names in its header. Inside
 * a hunk the counted lines are content, whatever they look like, so content cannot pose as a header.
 */
export class PatchParser {
  readonly #changes: readonly TreeChange[];
  readonly #line_bytes_max: number;
  /** Sections still to come for the current change: a change between file, link and submodule is printed as a deletion and an addition. */
  #sections = 0;
  #at = -1;
  #hunk: PatchHunk | null = null;
  #old_left = 0;
  #new_left = 0;
  #last: HunkLine | null = null;

  /** `changes` may still grow until the first line comes. */
  constructor(changes: readonly TreeChange[], line_bytes_max: number) {
    this.#changes = changes;
    this.#line_bytes_max = line_bytes_max;
  }

  /** Position of the current file in the list, -1 before the first. */
  get at(): number {
    return this.#at;
  }

  /** The current file is the last of the list and all its sections have begun. */
  get isLast(): boolean {
    return this.#at === this.#changes.length - 1 && this.#sections === 0;
  }

  /** Whether this line, coming next, begins a section. */
  startsSection(line: BoundedLine): boolean {
    return this.#old_left === 0 && this.#new_left === 0 && SECTION.every((byte, at) => line.bytes[at] === byte);
  }

  /** Takes one line; returns the content line it is, with its hunk, or null for everything else. */
  push(line: BoundedLine): { readonly hunk: PatchHunk; readonly line: HunkLine } | null {
    if (this.#old_left > 0 || this.#new_left > 0) return this.#content(line);
    const [first] = line.bytes;
    if (first === BACKSLASH) this.#noNewline();
    else if (first === AT) this.#startHunk(fromUtf8Lossy(line.bytes));
    else if (first === INDEX_I) this.#checkIndex(fromUtf8Lossy(line.bytes));
    else if (this.startsSection(line)) this.#section();
    // Modes, similarity and names: the raw list has said them already.
    return null;
  }

  /** Every change had its sections and every hunk its lines. */
  end(): void {
    if (this.#sections > 0 || this.#at !== this.#changes.length - 1 || this.#old_left > 0 || this.#new_left > 0) throw misfit();
  }

  #content(line: BoundedLine): { hunk: PatchHunk; line: HunkLine } | null {
    const hunk = this.#hunk;
    const op = String.fromCharCode(line.bytes[0] ?? 0);
    if (op === "\\") {
      this.#noNewline();
      return null;
    }
    if (hunk === null || (op !== " " && op !== "+" && op !== "-")) throw misfit();
    if (op !== "+") this.#old_left--;
    if (op !== "-") this.#new_left--;
    if (this.#old_left < 0 || this.#new_left < 0) throw misfit();
    const bytes = line.bytes.subarray(1, 1 + this.#line_bytes_max);
    const parsed: HunkLine = { op, bytes, cut: line.size - 1 > bytes.length, no_newline: false };
    this.#last = parsed;
    return { hunk, line: parsed };
  }

  #noNewline(): void {
    if (this.#last === null) throw misfit();
    this.#last.no_newline = true;
  }

  #section(): void {
    this.#hunk = null;
    this.#last = null;
    if (this.#sections > 0) {
      this.#sections--;
      return;
    }
    this.#at++;
    const change = this.#changes[this.#at];
    if (change === undefined) throw misfit();
    const [old_kind, new_kind] = [change.old?.mode.slice(0, 3), change.new?.mode.slice(0, 3)];
    this.#sections = old_kind !== undefined && new_kind !== undefined && old_kind !== new_kind ? 1 : 0;
  }

  #startHunk(text: string): void {
    const [, old_start, old_lines, new_start, new_lines] = HUNK.exec(text) ?? [];
    if (old_start === undefined || new_start === undefined || this.#at < 0) throw misfit();
    this.#hunk = { old_start: Number(old_start), old_lines: Number(old_lines ?? 1), new_start: Number(new_start), new_lines: Number(new_lines ?? 1), lines: [] };
    this.#old_left = this.#hunk.old_lines;
    this.#new_left = this.#hunk.new_lines;
  }

  #checkIndex(text: string): void {
    const [, old_oid, new_oid] = INDEX.exec(text) ?? [];
    const change = this.#changes[this.#at];
    if (old_oid === undefined || new_oid === undefined || change === undefined) throw misfit();
    if (!ZERO.test(old_oid) && old_oid !== change.old?.oid) throw misfit();
    if (!ZERO.test(new_oid) && new_oid !== change.new?.oid) throw misfit();
  }
}

function misfit(): MaestroError {
  return new MaestroError("git.failed", "the patch does not fit the list of changed files");
}
