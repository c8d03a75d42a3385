/** Runs one check over a change written down as texts. */
import type { Thresholds } from "../../proto/config.ts";
import type { ModelRun } from "../../proto/formal.ts";
import type { EvaluationRun } from "../../proto/learned.ts";
import type { ModelOutcome } from "../../proto/model.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { runCheck, type Check, type CheckContext, type ExampleFile } from "../gate/checks/check.ts";
import { wantsContent } from "../gate/checks/index.ts";
import { factsOf, type FactsOptions, type TextChange } from "./facts.ts";

export const THRESHOLDS: Thresholds = { size_lines_max: 800, large_binary_bytes_max: 1024 * 1024, tests_removed_max: 2, assertions_removed_max: 4 };

const ID = "0".repeat(64);

export async function outcomeOf(check: Check, changes: readonly TextChange[], { ran, evaluated, ...options }: FactsOptions & { readonly ran?: ModelOutcome | undefined; readonly evaluated?: string | undefined } = {}): Promise<Outcome> {
  const model = (): ModelRun | null => (ran === undefined ? null : { id: ID, outcome: ran, spec_sha256: "5".repeat(64), tool: null });
  const evaluation = ({ router }: Pick<EvaluationRun, "router">): EvaluationRun | null => (evaluated === undefined ? null : { id: ID, router, report: evaluated, because: null });
  const runs: Pick<CheckContext, "runs"> = ran === undefined && evaluated === undefined ? {} : { runs: { model, property: () => null, evaluation } };
  return runCheck(check, factsOf(changes, { wants: wantsContent, ...options }), { ...runs, thresholds: THRESHOLDS, signal: new AbortController().signal });
}

/** Only what a rule found, as "path:line". */
export async function placesOf(check: Check, rule: string, changes: readonly TextChange[], options: FactsOptions = {}): Promise<string[]> {
  const { findings } = await outcomeOf(check, changes, options);
  return findings.filter((finding) => finding.rule === rule).map(placeOf);
}

export function placeOf({ range }: Finding): string {
  if (range === null) return "change";
  return `${"u" in range.path ? range.path.u : range.path.b64}:${range.start_line}`;
}

export function changesOf(files: readonly ExampleFile[]): TextChange[] {
  return files.map((file) => ({ ...file }));
}

/** A change of one file from nothing. */
export function adding(path: string, text: string): TextChange[] {
  return [{ path, old: null, new: text }];
}
