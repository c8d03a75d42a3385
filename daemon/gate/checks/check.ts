/**
 * What a check is, and the one way to run it. A check is one file that exports
 * `defineCheck(...)` plus one line in `index.ts`; its rules carry their own
 * documentation and two examples that the tests execute.
 */
import type { Thresholds } from "../../../proto/config.ts";
import type { Facts, FileMode, Gap } from "../../../proto/facts.ts";
import type { AttachedText, ModelAsk, ModelRun, PropertyAsk, PropertyRun } from "../../../proto/formal.ts";
import type { EvaluationAsk, EvaluationRun, PolicyDelta } from "../../../proto/learned.ts";
import type { ModelOutcome } from "../../../proto/model.ts";
import type { Finding, Outcome } from "../../../proto/outcome.ts";
import type { Static } from "@sinclair/typebox";
import { shown } from "../../checking/redact.ts";
import { compareFindings } from "./reporting/compared.ts";

/** One changed file of an example, as a person would write it down. */
export interface ExampleFile {
  readonly path: string;
  /** Set where the file was renamed. */
  readonly old_path?: string;
  /** Whole text before; null where the change adds the file. */
  readonly old: string | null;
  /** Whole text after; null where the change deletes the file. For a symbolic link, its target. */
  readonly new: string | null;
  readonly mode?: Static<typeof FileMode>;
  /** Bytes of a binary file, whose text is not shown. */
  readonly binary_bytes?: number;
}

export interface Example {
  readonly says: string;
  readonly change: readonly ExampleFile[];
  /** What trusted configuration declares, and the files that its words lead through. */
  readonly declared?: Partial<Pick<Facts, "commands" | "runners" | "formal" | "learned">>;
  /** What every model that is run comes to. */
  readonly ran?: ModelOutcome;
  /** The report that every candidate is judged by. */
  readonly evaluated?: string;
  /** The test that runs it, where it takes a sandbox. */
  readonly elsewhere?: string;
}

/** One rule and everything `maestro explain RULE` prints about it. */
export interface Rule {
  readonly id: string;
  readonly title: string;
  /** Set where the rule finds a thing where it stands, so that it can be told whether the base had it too; any other rule is about the change itself. */
  readonly content?: true;
  readonly why: string;
  readonly passes: Example;
  readonly fails: Example;
  /** What slips past this rule. Said, so that nobody reads a pass as more than it is. */
  readonly cannot_see: string;
  /** How often it led to more than a pass on the changes of `docs/replay.md`, whose table this repeats. */
  readonly replay: string;
}

export interface Seen {
  readonly findings: readonly Finding[];
  readonly findings_cut: number;
  readonly gaps: readonly Gap[];
  /**
   * Why the check cannot vouch for what it did not see. Set, it makes the
   * outcome `unavailable` even beside findings: an attacker who adds a
   * harmless finding must not turn "could not look" into a softer answer.
   */
  readonly blind: string | null;
  /** Questions to a solver that the answer rests on. */
  readonly attached?: readonly AttachedText[];
  /** What of learned policies is another arm now. */
  readonly policies?: readonly PolicyDelta[];
}

export type Answer = Seen | { readonly not_applicable: string };

/** Numbers that hold below a folder, everything above it included; deepest path first. Every folder with a `maestro.yaml` is one. */
export interface FolderThresholds {
  readonly path: string;
  readonly thresholds: Thresholds;
}

/** What runs outside of this process, in the sandbox. */
export interface Runs {
  /** Null where it was not run: it is asked for, and the check says meanwhile that it cannot tell. */
  model(ask: Omit<ModelAsk, "id">): ModelRun | null;
  property(ask: Omit<PropertyAsk, "id">): PropertyRun | null;
  evaluation(ask: Omit<EvaluationAsk, "id">): EvaluationRun | null;
}

export interface CheckContext {
  /** Absent where nothing is run: in a replay, a plan, a test. */
  readonly runs?: Runs;
  readonly thresholds: Thresholds;
  /** Absent: no folder has a file of its own. */
  readonly folders?: readonly FolderThresholds[];
  readonly signal: AbortSignal;
}

/** `commit_words`: how many commits there are and what they say, without what they are called. */
export type FactsPart = Exclude<keyof Facts, "commits"> | "commit_words";

/** What every answer follows from: the change itself, what of it was not seen, and where a waiver makes a finding another one. */
export const ALWAYS_READ: readonly FactsPart[] = ["files", "gaps", "waived"];

export interface Check<Id extends string = string> {
  readonly id: Id;
  readonly question: string;
  /** Changed files whose whole old and new content it reads: globs, or `mode:120000` for symbolic links. */
  readonly contents: readonly string[];
  /** Parts of the facts that its answers follow from beside `ALWAYS_READ`, whatever the change; names of commits it reads only where it finds something in one. */
  readonly reads: readonly FactsPart[];
  readonly rules: readonly Rule[];
  run(facts: Facts, context: CheckContext): Answer | Promise<Answer>;
}

/** Keeps the literal id, from which card, config keys and metrics derive. */
export function defineCheck<const Id extends string>(check: Check<Id>): Check<Id> {
  return check;
}

const GAPS_MAX = 256;

function fewGaps(gaps: readonly Gap[]): Gap[] {
  const kept = gaps.slice(0, GAPS_MAX - 1).map((gap) => ({ what: shown(gap.what), because: shown(gap.because) }));
  const left = gaps.length - kept.length;
  return left === 0 ? kept : [...kept, { what: `${left} more gaps`, because: `at most ${GAPS_MAX} are listed` }];
}

/** How the facts say that some changed files are missing from them altogether. */
const FILES_LEFT_OUT = "changed files";

/** The same question to the change taken back. Where it fails there, the check has failed. */
function comparedWithBase(check: Check, facts: Facts, context: CheckContext, { findings }: Seen) {
  const content = new Set(check.rules.flatMap((rule) => (rule.content === true ? [rule.id] : [])));
  const folders = (context.folders ?? []).map(({ path }) => path);
  return compareFindings(facts, findings, content, folders, async (before) => {
    const answer = await check.run(before, context);
    return "not_applicable" in answer ? null : answer;
  });
}

/**
 * The outcome of one check. It throws only what the check throws, which the
 * check process answers as `unavailable`; a finding means `fail`, none `pass`.
 */
export async function runCheck(check: Check, facts: Facts, context: CheckContext): Promise<Outcome> {
  const answer = await check.run(facts, context);
  const silent = { check: check.id, observer: "daemon", findings: [], findings_cut: 0, gaps: [] } satisfies Partial<Outcome>;
  if (context.signal.aborted) return { ...silent, result: "unavailable", because: "stopped before it was done" };
  const leftOut = facts.gaps.find(({ what }) => what === FILES_LEFT_OUT);
  const left = leftOut === undefined ? null : `some changed files were not looked at: ${leftOut.because}`;
  if ("not_applicable" in answer) {
    return left === null ? { ...silent, result: "not_applicable", because: answer.not_applicable } : { ...silent, result: "unavailable", because: shown(left) };
  }
  const blind = answer.blind ?? left;
  const { findings, comparison } = await comparedWithBase(check, facts, context, answer);
  return {
    check: check.id,
    result: blind !== null ? "unavailable" : answer.findings.length > 0 ? "fail" : "pass",
    because: blind === null ? null : shown(blind),
    observer: "daemon",
    findings,
    findings_cut: answer.findings_cut,
    gaps: fewGaps(answer.gaps),
    ...(answer.attached === undefined || answer.attached.length === 0 ? {} : { attached: [...answer.attached] }),
    ...(answer.policies === undefined || answer.policies.length === 0 ? {} : { policies: [...answer.policies] }),
    ...(comparison.fixed.length === 0 && comparison.not_compared === null ? {} : { comparison }),
  };
}
