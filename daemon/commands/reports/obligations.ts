/** All obligations of a gate as the one outcome that policy and decision judge. Pure. */
import { createHash } from "node:crypto";
import { boundText } from "../../../proto/obligation.ts";
import type { Finding, Obligation, Outcome } from "../../../proto/outcome.ts";
import { OBLIGATIONS_CHECK, type ObligationRules } from "../../../proto/report.ts";

type ObligationRuleId = "obligation.failed" | "obligation.unavailable" | "obligation.claimed" | "obligation.advisory";

const BECAUSE_CHARACTERS_MAX = 1900;

function findingOf(rule: ObligationRuleId, { name }: Obligation, message: string): Finding {
  const fingerprint = createHash("sha256").update(JSON.stringify([rule, name])).digest("hex");
  return { rule, message: message.slice(0, 1000).toWellFormed(), range: null, severity: rule === "obligation.advisory" ? "note" : "error", fingerprint, baseline: "not_compared", tags: [], excerpt: null, counterexample: null, fix: null };
}

/** What a job says of itself satisfies nothing required, unless trusted configuration takes its word for this one by name. */
function claimed({ name, required, observer }: Obligation, rules: ObligationRules): boolean {
  return required && observer === "job" && rules[name]?.accept_from_job !== true;
}

function findingsAbout(obligation: Obligation, rules: ObligationRules): Finding[] {
  const { name, required, result, because } = obligation;
  const found: Finding[] = [];
  if (result === "fail") found.push(findingOf(required ? "obligation.failed" : "obligation.advisory", obligation, `${name}: ${boundText(obligation)}`));
  if (result === "unavailable") found.push(findingOf(required ? "obligation.unavailable" : "obligation.advisory", obligation, `${name}: ${because ?? "no reason was given"}`));
  if (result === "pass" && claimed(obligation, rules)) found.push(findingOf("obligation.claimed", obligation, `${name}: ${boundText(obligation)}; only the job says so`));
  return found;
}

/**
 * `unavailable` wherever something required is not known by a witness: the house holds that under any policy.
 * A failed one is a finding, and what it leads to is the policy's word.
 */
export function obligationsOutcome(obligations: readonly Obligation[], rules: ObligationRules): Outcome {
  const unknown = obligations.filter((one) => one.required && (one.result === "unavailable" || (one.result === "pass" && claimed(one, rules))));
  const findings = obligations.flatMap((one) => findingsAbout(one, rules));
  const shape = { check: OBLIGATIONS_CHECK, observer: "daemon", findings, findings_cut: 0, gaps: [] } satisfies Partial<Outcome>;
  if (unknown.length > 0) {
    const because = unknown.map((one) => `${one.name}: ${one.result === "unavailable" ? (one.because ?? "no reason was given") : "seen only by the job"}`).join("; ");
    return { ...shape, result: "unavailable", because: because.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed() };
  }
  if (findings.length > 0) return { ...shape, result: "fail", because: null };
  const applies = obligations.some(({ result }) => result !== "not_applicable");
  return applies ? { ...shape, result: "pass", because: null } : { ...shape, result: "not_applicable", because: obligations[0]?.because ?? "no obligation applies" };
}
