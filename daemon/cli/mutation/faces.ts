/** What is said of a run: to a person, and to a program. Pure; every word of the policy is escaped. */
import { escapeTerminal, quoteTerminal } from "../card/escape/terminal.ts";
import { shownAfter } from "./mutant.ts";
import type { Score, Tried } from "./score.ts";
import { visiblePath } from "../../verifier/visible.ts";

export interface RunFacts {
  readonly bundle: string;
  readonly tool: string;
  readonly tests: number;
  /** Of how many the tried ones are a sample; null where all were tried. */
  readonly sample: { readonly of: number; readonly seed: number } | null;
}

const SURVIVORS_SHOWN_MAX = 100;
const oneLine = (text: string): string => quoteTerminal(text.replace(/\s+/g, " "));

function mutantLines(one: Tried, why: string | null): string[] {
  return [`  ${one.id}  ${visiblePath(one.file)}:${one.line}  ${one.operator}`, `      ${oneLine(one.before)} -> ${oneLine(shownAfter(one))}`, ...(why === null ? [] : [`      ${escapeTerminal(why)}`])];
}

export function mutationText({ bundle, tool, tests, sample }: RunFacts, result: Score): string {
  const { tried, killed, survived, equivalent, stillborn, not_run, score_permille, equivalent_permille, by_operator, faults } = result;
  const shown = survived.slice(0, SURVIVORS_SHOWN_MAX);
  return [
    `${escapeTerminal(bundle)}: ${tried.length} mutants${sample === null ? "" : ` (a sample of ${sample.of}, seed ${sample.seed})`}, ${tests} tests, ${escapeTerminal(tool)}`,
    `  ${killed} killed, ${survived.length} survived, ${equivalent.length} declared equivalent (${equivalent_permille / 10} %), ${stillborn} stillborn (do not compile, not counted)${not_run === 0 ? "" : `, ${not_run} not tried`}`,
    "",
    ...by_operator.map((row) => `  ${row.operator.padEnd(16)} ${row.killed} killed${row.survived === 0 ? "" : `, ${row.survived} survived`}${row.equivalent === 0 ? "" : `, ${row.equivalent} equivalent`}${row.stillborn === 0 ? "" : `, ${row.stillborn} stillborn`}`),
    ...(survived.length === 0 ? [] : ["", "survived: no test notices", ...shown.flatMap((one) => mutantLines(one, null)), ...(survived.length > shown.length ? [`  and ${survived.length - shown.length} more; see --json`] : [])]),
    ...(equivalent.length === 0 ? [] : ["", "declared equivalent", ...equivalent.flatMap((one) => mutantLines(one, one.reason))]),
    "",
    `score ${score_permille / 10} %: ${faults.length === 0 ? "reached" : "not reached"}`,
    ...faults.map((fault) => `  ${escapeTerminal(fault)}`),
  ].join("\n");
}

export function mutationDocument(facts: RunFacts, result: Score): Record<string, unknown> {
  const { tried, survived, equivalent, ...counts } = result;
  const reasons = new Map(equivalent.map(({ id, reason }) => [id, reason]));
  return {
    ...facts,
    ...counts,
    total: tried.length,
    survived: survived.length,
    equivalent: equivalent.length,
    mutants: tried.map(({ id, operator, file, line, before, replacement, fate, by }) => ({ id, operator, file, line, before, after: replacement, fate: reasons.has(id) ? "equivalent" : fate, by, ...(reasons.has(id) ? { reason: reasons.get(id) } : {}) })),
  };
}
