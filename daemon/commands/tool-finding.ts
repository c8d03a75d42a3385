/** What an outside tool reports, whatever form it wrote it in, and the findings that become of it. */
import { createHash } from "node:crypto";
import type { Gap } from "../../proto/facts.ts";
import type { FailedTest } from "../../proto/failed-test.ts";
import type { Finding } from "../../proto/outcome.ts";
import { classify } from "../checking/classify.ts";
import { cutText, maskedPath, published, shown } from "../checking/redact.ts";

export type Level = Finding["severity"];

/** Every string is the tool's, so the change's: nothing of it has been masked or cut yet. */
export interface ToolFinding {
  /** The tool's own name of its rule. */
  readonly rule: string;
  readonly level: Level;
  readonly message: string;
  /** Below the tree; null where the tool names no place, or one outside. */
  readonly path: string | null;
  readonly line: number;
  readonly end_line: number;
  readonly excerpt: string | null;
  /** Of a failed test. */
  readonly test?: FailedTest;
}

export interface ToolReport {
  readonly findings: readonly ToolFinding[];
  readonly gaps: readonly Gap[];
}

/** Of a program that ended with another code than 0, where its report tells of no error. */
export const EXIT_RULE = "exit";

const FINDINGS_MAX = 5000;
const SLUG_CHARACTERS_MAX = 60;
const EXCERPT_CHARACTERS_MAX = 1_800;
const LEVELS: readonly Level[] = ["error", "warning", "note"];

/** `@typescript-eslint/no-unused-vars` as `typescript-eslint.no-unused-vars`: a name that settings and cards can carry. */
function ruleSlug(rule: string): string {
  const parts = rule.slice(0, 4 * SLUG_CHARACTERS_MAX).toLowerCase().split(/[./:]+/).map((part) => part.replace(/[^a-z0-9]+/g, "-").replace(/^-+/, "").replace(/-+$/, ""));
  const named = parts.filter((part) => part !== "").map((part) => (/^[a-z]/.test(part) ? part : `r${part}`));
  const slug = named.join(".").slice(0, SLUG_CHARACTERS_MAX).replace(/[.-]+$/, "");
  return slug === "" ? "unnamed" : slug;
}

function tagsOf(path: string): Finding["tags"] {
  const kind = classify(path);
  return [...(kind.test ? (["test-path"] as const) : []), ...(kind.fixture ? (["fixture-path"] as const) : []), ...(kind.generated ? (["generated"] as const) : [])];
}

const lineOf = (line: number): number => (Number.isSafeInteger(line) && line >= 1 ? line : 1);

/**
 * Findings of a command, worst first, so that a flood of notes cannot push an error out of the list.
 * The fingerprint leaves the line out: a shifted finding is the same one, and equal ones are told apart by their number.
 */
export function findingsOf(command: string, reported: readonly ToolFinding[]): { readonly findings: Finding[]; readonly cut: number } {
  const occurrences = new Map<string, number>();
  const sorted = LEVELS.flatMap((level) => reported.filter((one) => one.level === level));
  const findings = sorted.slice(0, FINDINGS_MAX).map((one): Finding => {
    const rule = `command.${command}.${ruleSlug(one.rule)}`;
    const message = shown(one.message);
    const key = JSON.stringify([rule, one.path, message]);
    const occurrence = occurrences.get(key) ?? 0;
    occurrences.set(key, occurrence + 1);
    const line = lineOf(one.line);
    return {
      rule,
      message,
      range: one.path === null ? null : { path: maskedPath({ u: one.path }), start_line: line, end_line: Math.max(line, lineOf(one.end_line)) },
      severity: one.level,
      fingerprint: createHash("sha256").update(JSON.stringify([key, occurrence])).digest("hex"),
      baseline: "not_compared",
      tags: one.path === null ? [] : tagsOf(one.path),
      excerpt: one.excerpt === null ? null : cutText(published(one.excerpt.slice(0, 4 * EXCERPT_CHARACTERS_MAX)), EXCERPT_CHARACTERS_MAX),
      counterexample: null,
      fix: null,
      ...(one.test === undefined ? {} : { test: { ...one.test, name: shown(one.test.name) } }),
    };
  });
  return { findings, cut: sorted.length - findings.length };
}
