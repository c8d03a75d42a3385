/** In a check process: the lines of a change around what was found in it. The core is told text that is masked and bounded, and reads no byte of the change. */
import { CONTEXT_LINE_CHARS_MAX, CONTEXT_LINES, CONTEXT_LINES_MAX, type ContextLine, type FindingContext } from "../../proto/cards.ts";
import type { ContextJob, ContextJobReply, FoundPlace } from "../../proto/context-job.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { FileChange, Hunk } from "../../proto/facts.ts";
import { pathText } from "../../proto/scalar.ts";
import { Borders } from "../checking/border.ts";
import { cutText, published } from "../checking/redact.ts";
import type { GitReader } from "../platform/git/reader.ts";
import { newSide, oldSide } from "./checks/reading/lines.ts";
import { privateKeys } from "./checks/secret/pem.ts";
import { resolveChange } from "./facts/change.ts";
import { changedFiles, diffed } from "./facts/files.ts";
import { openReader } from "./facts/question.ts";

/** A line is masked as far as it is shown, with room for a credential that the cut falls into. */
const READ_MAX = 8 * CONTEXT_LINE_CHARS_MAX;
const BECAUSE_CHARS_MAX = 500;
const IN_A_KEY = "(a line of a private key: not shown)";

type RawLine = Omit<ContextLine, "cut">;

/** Lines of a hunk with their numbers on both sides. */
function numbered({ old_start, new_start, lines }: Hunk): RawLine[] {
  let [before, after] = [old_start, new_start];
  return lines.map(({ op, text }) => {
    const line = { sign: op, old_line: op === "+" ? null : before, new_line: op === "-" ? null : after, text };
    if (op !== "+") before += 1;
    if (op !== "-") after += 1;
    return line;
  });
}

/** Where the place begins and ends among the hunk's lines; null where it lies elsewhere. Lines that went in between belong to it. */
function within(lines: readonly RawLine[], { start_line, end_line }: FoundPlace, side: "old_line" | "new_line"): { readonly from: number; readonly to: number } | null {
  const meant = lines.flatMap((line, at) => ((line[side] ?? 0) >= start_line && (line[side] ?? 0) <= end_line ? [at] : []));
  const [from, to] = [meant[0], meant.at(-1)];
  return from === undefined || to === undefined ? null : { from, to };
}

/** The place and the lines around it; the middle of what is too long is left out. */
function around(file: FileChange, place: FoundPlace): RawLine[] | null {
  const side = file.new === null ? "old_line" : "new_line";
  for (const hunk of file.hunks) {
    const lines = numbered(hunk);
    const at = within(lines, place, side);
    if (at !== null) return lines.slice(Math.max(0, at.from - CONTEXT_LINES), at.to + 1 + CONTEXT_LINES).slice(0, CONTEXT_LINES_MAX);
  }
  return null;
}

/** Numbers of lines that private keys stand on, by side. */
function keyLines(file: FileChange): { readonly old: ReadonlySet<number>; readonly new: ReadonlySet<number> } {
  const of = (lines: Parameters<typeof privateKeys>[0]): Set<number> => new Set(privateKeys(lines).flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, i) => start + i)));
  return { old: of([...oldSide(file)]), new: of([...newSide(file)]) };
}

/** What is written like a credential in these lines, told as the check of secrets tells it. */
async function credentialsIn(lines: readonly RawLine[]): Promise<string[]> {
  const { scan } = await import("./checks/secret/scan.ts");
  // An older text with a NUL beside each letter reads like any other without them.
  const matches = await scan(lines.map(({ text }) => text.slice(0, READ_MAX).replaceAll("\0", "")).join("\n"), false, new AbortController().signal);
  return matches.map(({ value }) => value);
}

class Shown {
  private readonly keys = new Map<FileChange, ReturnType<typeof keyLines>>();

  /** Masked as the check of secrets would, and beyond. */
  async lines(file: FileChange, raw: readonly RawLine[]): Promise<ContextLine[]> {
    const keys = this.keys.get(file) ?? keyLines(file);
    this.keys.set(file, keys);
    const secrets = await credentialsIn(raw);
    return raw.map(({ text, ...line }) => {
      const hidden = (line.new_line !== null && keys.new.has(line.new_line)) || (line.old_line !== null && keys.old.has(line.old_line));
      const safe = hidden ? IN_A_KEY : published(text.slice(0, READ_MAX).replaceAll("\0", ""), secrets);
      return { ...line, text: cutText(safe, CONTEXT_LINE_CHARS_MAX), cut: text.length > READ_MAX || safe.length > CONTEXT_LINE_CHARS_MAX };
    });
  }
}

function whyNot(file: FileChange | undefined): string | null {
  if (file === undefined) return "the change does not touch this file";
  if (file.binary) return "binary";
  if (file.lfs) return "a Git LFS pointer: its content is not in the repository";
  return null;
}

async function contextsOf(reader: GitReader, job: ContextJob): Promise<FindingContext[]> {
  const change = await resolveChange(reader, { ...job, trusted_target: false });
  if (!("basis" in change)) throw new MaestroError("intake.incomplete", change.resolved.because);
  const { files } = await changedFiles(reader, await diffed(reader, change.old_tree, change.new_tree, job.limits), new Borders([], []), job.limits);
  const byPath = new Map(files.map((file) => [pathText(file.path), file]));
  const shown = new Shown();
  const findings: FindingContext[] = [];
  for (const place of job.places) {
    const file = byPath.get(pathText(place.path));
    const because = whyNot(file);
    const raw = file === undefined || because !== null ? null : around(file, place);
    if (file === undefined || raw === null) findings.push({ ...place, lines: [], because: because ?? (file?.truncated === true ? "the diff of this file is longer than the limit" : "the change's diff does not show these lines") });
    else findings.push({ ...place, lines: await shown.lines(file, raw), because: null });
  }
  return findings;
}

/** Commits and files of a change go with their time, while the gate stays: then that is said of each finding. Throws what else git throws. */
export async function contextJob(job: ContextJob): Promise<ContextJobReply> {
  await using reader = openReader(job);
  try {
    return { kind: "context", findings: await contextsOf(reader, job) };
  } catch (error) {
    if (!(error instanceof MaestroError) || (error.code !== "git.failed" && error.code !== "intake.incomplete")) throw error;
    const because = cutText(published(`the change cannot be read any more: ${error.detail}`), BECAUSE_CHARS_MAX);
    return { kind: "context", findings: job.places.map((place) => ({ ...place, lines: [], because })) };
  }
}
