/** A change, its outcomes and its findings, for tests. */
import type { Finding, Outcome } from "../../../proto/outcome.ts";
import type { PolicySubject } from "../input.ts";

export function finding(rule: string, change: Partial<Finding> = {}): Finding {
  return {
    rule,
    message: `${rule} was found`,
    range: { path: { u: "src/a.ts" }, start_line: 3, end_line: 3 },
    severity: "warning",
    fingerprint: Bun.SHA256.hash(rule, "hex"),
    baseline: "not_compared",
    tags: [],
    excerpt: null,
    counterexample: null,
    fix: null,
    ...change,
  };
}

export function outcome(check: string, change: Partial<Outcome> = {}): Outcome {
  const findings = change.findings ?? [];
  return { check, result: findings.length > 0 ? "fail" : "pass", because: null, observer: "daemon", findings, findings_cut: 0, gaps: [], ...change };
}

export function subject(change: Partial<PolicySubject> = {}): PolicySubject {
  return {
    mode: "local",
    repository: "local:1000:demo",
    target_ref: "refs/heads/main",
    title: "add a thing",
    actor: { class: "human", authenticated: false, name: "Ada", agent: null, signs: [] },
    files: 1,
    added_lines: 1,
    removed_lines: 0,
    history: "known",
    conflicts: 0,
    empty: false,
    required: ["ci", "text"],
    outcomes: [],
    ...change,
  };
}
