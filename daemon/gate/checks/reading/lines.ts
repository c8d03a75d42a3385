import type { FileChange, Gap } from "../../../../proto/facts.ts";
import { pathText } from "../../../../proto/scalar.ts";

export interface NumberedLine {
  /** 1-based, on the side the line belongs to. */
  readonly number: number;
  /** Without its line ending; CRLF must not hide a marker or move a column. */
  readonly text: string;
  readonly added: boolean;
}

function bare(text: string): string {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** What the hunks show of a file after the change: added lines and their context. */
export function* newSide(file: FileChange): Generator<NumberedLine> {
  for (const hunk of file.hunks) {
    let number = hunk.new_start;
    for (const line of hunk.lines) {
      if (line.op === "-") continue;
      yield { number, text: bare(line.text), added: line.op === "+" };
      number += 1;
    }
  }
}

export function* addedLines(file: FileChange): Generator<NumberedLine> {
  for (const line of newSide(file)) if (line.added) yield line;
}

export function* removedLines(file: FileChange): Generator<NumberedLine> {
  for (const hunk of file.hunks) {
    let number = hunk.old_start;
    for (const line of hunk.lines) {
      if (line.op === "+") continue;
      if (line.op === "-") yield { number, text: bare(line.text), added: false };
      number += 1;
    }
  }
}

/** First added line that holds the text, so that a finding about a value stands where the value is. */
export function lineWith(file: FileChange, needle: string): NumberedLine | null {
  let first: NumberedLine | null = null;
  for (const line of addedLines(file)) {
    if (line.text.includes(needle)) return line;
    first ??= line;
  }
  return first;
}

/** Whether a side's text is only partly in the facts, and why. Null where all of it was seen. */
export function unseenBecause(file: FileChange): string | null {
  if (file.truncated) return "its hunks were cut at a limit";
  if (file.lfs) return "it is a Git LFS pointer";
  if (file.new?.mode === "160000") return "it is a submodule, another repository";
  if (file.binary && file.hunks.length === 0 && file.new !== null && file.new.size > 0 && file.new.oid !== file.old?.oid) return "it is binary";
  return null;
}

/** One gap for each changed file whose text a check about lines could not see whole. */
export function lineGaps(files: readonly FileChange[]): Gap[] {
  return files.flatMap((file) => {
    const because = file.status === "deleted" ? null : unseenBecause(file);
    return because === null ? [] : [{ what: pathText(file.path), because }];
  });
}
