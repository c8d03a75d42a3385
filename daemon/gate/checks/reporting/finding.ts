import { createHash } from "node:crypto";
import type { FileChange, Gap } from "../../../../proto/facts.ts";
import type { Finding } from "../../../../proto/outcome.ts";
import { pathText, type PathBytes } from "../../../../proto/scalar.ts";
import type { Seen } from "../check.ts";
import { classify } from "../../../checking/classify.ts";
import { LINE_LOOKED_AT_MAX, normalised, restOf } from "../../../checking/line.ts";
import { cutText, maskedPath, published, redact, shown } from "../../../checking/redact.ts";
import { rememberRaw } from "./raw-identity.ts";

const FINDINGS_MAX = 5000;
const EXCERPT_CHARACTERS_MAX = 200;

type Tag = Finding["tags"][number];

export interface Report {
  readonly rule: string;
  readonly message: string;
  readonly severity: Finding["severity"];
  /** Absent where the finding is about the change as a whole. */
  readonly file?: FileChange;
  /** 1-based line on the new side; a finding about a whole file stands at its first line. */
  readonly line?: number;
  readonly end_line?: number;
  /** The line itself; it makes the fingerprint survive a move, and the excerpt. */
  readonly text?: string;
  /** What else makes this finding this one, where its line alone does not: the value it is about. Stays in this process. */
  readonly identity?: string;
  /** Values to mask in the text before it is shown or hashed. */
  readonly secrets?: readonly string[];
  /** Whether it was there before, where the check knows better than the line alone tells. */
  readonly at_base?: boolean;
  readonly fix?: string;
  /** What stands in the finding's lines after the fix, without the last one's ending; only where it is known to the letter. */
  readonly replacement?: string | null;
  readonly counterexample?: string;
  /** maestro.cex/v1 as canonical JSON, and seen to break. */
  readonly cex?: string;
}

/** A rename keeps a finding's identity; a copy is a new place. */
function identityPath(file: FileChange): PathBytes {
  return file.status === "renamed" && file.old_path !== null ? file.old_path : file.path;
}

function tagsOf(file: FileChange): Tag[] {
  const kind = classify(pathText(file.path));
  return [...(kind.test ? (["test-path"] as const) : []), ...(kind.fixture ? (["fixture-path"] as const) : []), ...(kind.generated ? (["generated"] as const) : [])];
}

/** Lines a file lost, to tell a moved or re-indented line from a new one. */
function removedTexts(file: FileChange): ReadonlySet<string> {
  const texts = new Set<string>();
  for (const hunk of file.hunks) for (const line of hunk.lines) if (line.op === "-") texts.add(normalised(line.text));
  return texts;
}

export interface FindingList {
  /** A report that is costly to make may be handed over as a function: past the limit it is not made. */
  add(report: Report | (() => Report)): void;
  /** The check's answer with what was found so far. */
  seen(gaps?: readonly Gap[], blind?: string | null): Seen;
}

/**
 * Collects findings with stable fingerprints: SHA-256 over rule, path through
 * renames, normalised and masked line, and its occurrence, so two equal lines
 * are two findings and a shifted line is the same one. The line is masked
 * first: a hash of a short secret would let anyone guess it.
 */
export function findingList(): FindingList {
  const findings: Finding[] = [];
  const occurrences = new Map<string, number>();
  const removed = new Map<FileChange, ReadonlySet<string>>();
  let cut = 0;

  const wasThere = (file: FileChange, text: string): boolean => {
    const texts = removed.get(file) ?? removedTexts(file);
    removed.set(file, texts);
    return text !== "" && texts.has(text);
  };

  return {
    add(given) {
      if (findings.length >= FINDINGS_MAX) {
        cut += 1;
        return;
      }
      const report = typeof given === "function" ? given() : given;
      const { file } = report;
      const raw = normalised((report.text ?? "").slice(0, LINE_LOOKED_AT_MAX));
      const text = redact(raw, report.secrets);
      const path = file === undefined ? null : identityPath(file);
      const key = JSON.stringify([report.rule, path, text]);
      const occurrence = occurrences.get(key) ?? 0;
      occurrences.set(key, occurrence + 1);
      const at_base = report.at_base ?? (file !== undefined && report.line !== undefined && wasThere(file, raw));
      const tags: Tag[] = [...(file === undefined ? [] : tagsOf(file)), ...(at_base ? (["at-base"] as const) : [])];
      const line = Math.max(1, report.line ?? 1);
      const message = shown(report.message);
      const finding: Finding = {
        rule: report.rule,
        message,
        range: file === undefined ? null : { path: maskedPath(file.path), start_line: line, end_line: Math.max(line, report.end_line ?? line) },
        severity: report.severity,
        fingerprint: createHash("sha256").update(JSON.stringify([key, occurrence])).digest("hex"),
        baseline: "not_compared",
        identity: createHash("sha256").update(JSON.stringify([report.rule, report.text === undefined ? message : text])).digest("hex"),
        tags,
        excerpt: report.text === undefined ? null : cutText(published(text), EXCERPT_CHARACTERS_MAX),
        counterexample: report.counterexample === undefined ? null : shown(report.counterexample),
        ...(report.cex === undefined ? {} : { cex: report.cex }),
        fix: report.fix === undefined ? null : { description: report.fix, replacement: report.replacement ?? null },
      };
      findings.push(finding);
      // Unmasked: with its value masked, a new credential on the line of an old one would pass for the old one.
      rememberRaw(finding, { path, place: file === undefined ? null : pathText(file.path), text: JSON.stringify([report.text === undefined ? report.message : raw, report.identity ?? null, restOf(report.text ?? "")]), movable: report.text !== undefined });
    },
    seen: (gaps = [], blind = null) => ({ findings, findings_cut: cut, gaps, blind }),
  };
}
