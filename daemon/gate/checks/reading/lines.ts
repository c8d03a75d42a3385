import type { FileChange, Gap } from "../../../../proto/facts.ts";
import { pathText } from "../../../../proto/scalar.ts";
import { classify } from "../../../checking/classify.ts";

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

/** What the hunks show of a file before the change: removed lines and their context. */
export function* oldSide(file: FileChange): Generator<NumberedLine> {
  for (const hunk of file.hunks) {
    let number = hunk.old_start;
    for (const line of hunk.lines) {
      if (line.op === "+") continue;
      yield { number, text: bare(line.text), added: false };
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

interface AddedText {
  readonly lines: readonly NumberedLine[];
  readonly joined: string;
  /** Where each line starts in the joined text. */
  readonly starts: readonly number[];
}

/** Joined once per file: a lock of 100,000 lines is searched thousands of times. */
const joinedText = new WeakMap<FileChange, AddedText>();

function addedText(file: FileChange): AddedText {
  const cached = joinedText.get(file);
  if (cached !== undefined) return cached;
  const lines = [...addedLines(file)];
  let at = 0;
  const starts = lines.map((line) => {
    const start = at;
    at += line.text.length + 1;
    return start;
  });
  const made = { lines, joined: lines.map((line) => line.text).join("\n"), starts };
  joinedText.set(file, made);
  return made;
}

/** Index of the last start that is at or before the offset. */
export function lastStart(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** First added line that holds the text, else the first added line, so that a finding stands where its value is. */
export function lineWith(file: FileChange, needle: string): NumberedLine | null {
  const { lines, joined, starts } = addedText(file);
  const at = needle === "" ? -1 : joined.indexOf(needle);
  return lines[at === -1 ? 0 : lastStart(starts, at)] ?? null;
}

/** Settings, keys and other files whose readers take text whatever bytes stand between: where credentials live. */
const READ_AS_TEXT = /(?:^|\/)(?:\.env[^/]*|\.[^/]*rc|\.netrc|\.pgpass|\.htpasswd|credentials|secrets?|id_[a-z0-9]+|dockerfile|makefile|procfile)$|\.(?:json[c5]?|ya?ml|toml|ini|cfg|conf|config|properties|xml|env|envrc|pem|key|tfvars|npmrc|txt|md)$/;

/** A NUL makes a file binary, unless its name says that a machine will read it as text: then it is text with a NUL in it. */
export function isBinary(file: FileChange): boolean {
  if (!file.binary) return false;
  const path = pathText(file.path);
  return classify(path).language === null && !READ_AS_TEXT.test(path.toLowerCase());
}

/** Why a file's text was not seen, or not whole. Null where all of it was. */
export function unseenBecause(file: FileChange): string | null {
  if (file.new === null || file.new.oid === file.old?.oid) return null;
  if (file.new.mode === "160000") return "it is a submodule, another repository";
  if (file.lfs) return "it is a Git LFS pointer";
  if (isBinary(file)) return "it is binary";
  if (file.truncated) return "its hunks were cut at a limit";
  return file.binary && file.hunks.length === 0 && file.new.size > 0 ? "it holds a NUL and came without its text" : null;
}

/** One gap for each changed file whose text a check about lines could not see whole. */
export function lineGaps(files: readonly FileChange[]): Gap[] {
  return files.flatMap((file) => {
    const because = unseenBecause(file);
    return because === null ? [] : [{ what: pathText(file.path), because }];
  });
}
