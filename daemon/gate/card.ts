/** The Decision Card: the decision and what it rests on, for a person. Pure; no clock, so a replay gives the same bytes. */
import type { Card, CardCheck } from "../../proto/card.ts";
import type { Mode } from "../../proto/change.ts";
import type { Decision } from "../../proto/decision.ts";
import type { Gap } from "../../proto/facts.ts";
import type { MeasuredObligation, Obligation, Outcome } from "../../proto/outcome.ts";
import type { FactsReply } from "../../proto/worker.ts";
import { comparisonOf } from "./comparison.ts";
import { cardCounterexamples } from "./counterexamples.ts";
import { cardPolicies, type Evaluated } from "./learned-obligations.ts";
import { failedTests } from "./failed-tests.ts";

export interface CardInput {
  readonly decision: Decision;
  /** Null in a replay, which leaves no evidence. */
  readonly gate_id: string | null;
  readonly attempt: number;
  readonly mode: Mode;
  readonly repository: string;
  readonly target_ref: string;
  readonly base: string | null;
  readonly head: string;
  readonly facts: Pick<FactsReply, "title" | "actor" | "files" | "added_lines" | "removed_lines" | "gaps">;
  readonly outcomes: readonly Outcome[];
  readonly obligations?: readonly MeasuredObligation[];
  readonly evaluated?: readonly Evaluated[];
  readonly required: readonly string[];
  readonly releases?: Card["releases"];
  readonly policy: Card["policy"];
  /** What was spent, in micro-USD; absent where nobody reported it, which is not zero. */
  readonly cost_micro_usd?: string;
  readonly warnings: readonly string[];
  /** Absent: known. */
  readonly history?: "known" | "unknown";
}

/** Unknown first, then what failed: the order in which a reader needs them. */
const ORDER: readonly CardCheck["result"][] = ["unavailable", "fail", "pass", "not_applicable"];

function checks(outcomes: readonly Outcome[], required: readonly string[]): CardCheck[] {
  const seen = outcomes.map(({ check, result, because, observer, findings, findings_cut, reused }) => ({
    check,
    result,
    required: required.includes(check),
    because,
    findings: findings.length + findings_cut,
    ...(observer === "daemon" || observer === "sandbox" ? {} : { observer }),
    ...(reused === undefined ? {} : { reused }),
    ...failedTests({ findings }),
  }));
  const missing = [...new Set(required)]
    .filter((check) => !outcomes.some((one) => one.check === check))
    .map((check) => ({ check, result: "unavailable" as const, required: true, because: "it did not run", findings: 0 }));
  return [...seen, ...missing].sort((a, b) => ORDER.indexOf(a.result) - ORDER.indexOf(b.result) || (a.check < b.check ? -1 : a.check > b.check ? 1 : 0));
}

/** What was not looked at, by whom: gaps of the facts, of every check, and findings beyond a limit. Said once each. */
function gaps(facts: CardInput["facts"], outcomes: readonly Outcome[]): Gap[] {
  const byCheck = [...outcomes]
    .sort((a, b) => (a.check < b.check ? -1 : a.check > b.check ? 1 : 0))
    .flatMap(({ gaps: own, findings_cut, check }) => (findings_cut === 0 ? own : [...own, { what: `${findings_cut} finding(s) of ${check}`, because: "beyond the limit of one outcome" }]));
  const once = new Map([...facts.gaps, ...byCheck].map((gap) => [JSON.stringify([gap.what, gap.because]), gap]));
  return [...once.values()];
}

/** Without the digest of its report, from which a short report could be guessed. */
const shownObligation = ({ source_sha256: _, secret: _number, ...obligation }: MeasuredObligation): Obligation => obligation;

export function makeCard(input: CardInput): Card {
  const { decision, facts, outcomes, required, obligations = [], evaluated = [] } = input;
  return {
    v: 1,
    gate_id: input.gate_id,
    attempt: input.attempt,
    mode: input.mode,
    verdict: decision.verdict,
    repository: input.repository,
    target_ref: input.target_ref,
    base: input.base,
    head: input.head,
    title: facts.title,
    actor: facts.actor,
    files: facts.files,
    added_lines: facts.added_lines,
    removed_lines: facts.removed_lines,
    policy: input.policy,
    reasons: decision.reasons,
    ...cardCounterexamples(outcomes),
    checks: checks(outcomes, required),
    ...(obligations.length === 0 ? {} : { obligations: obligations.map(shownObligation) }),
    ...cardPolicies(outcomes, evaluated),
    ...(input.releases === undefined || input.releases.length === 0 ? {} : { releases: [...input.releases] }),
    gaps: gaps(facts, outcomes),
    next: decision.next,
    ...comparisonOf(outcomes, input.history ?? "known"),
    cost: input.cost_micro_usd === undefined ? { reported: false, micro_usd: null } : { reported: true, micro_usd: input.cost_micro_usd },
    warnings: [...input.warnings],
  };
}
