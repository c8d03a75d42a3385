/** GitLab's code quality report: a list of issues, each with a severity, without which GitLab drops it in silence. Pure. */
import { canonicalText } from "../../../proto/canonical.ts";
import { pathText } from "../../../proto/scalar.ts";
import { escapeJson } from "../card/escape/json.ts";
import { visible } from "../../verifier/visible.ts";
import { saidOf } from "./place.ts";
import { byWeight, weigh, type Report, type Weight } from "./report.ts";

const SEVERITY: Readonly<Record<Weight, "blocker" | "critical" | "minor" | "info">> = { refuse: "blocker", hold: "critical", note: "minor", none: "info" };

interface Issue {
  readonly description: string;
  readonly check_name: string;
  readonly fingerprint: string;
  readonly severity: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

/** GitLab compares reports by fingerprint, so two issues must not share one. */
function unique(issues: readonly Issue[]): Issue[] {
  const seen = new Map<string, number>();
  return issues.map((issue) => {
    const count = (seen.get(issue.fingerprint) ?? 0) + 1;
    seen.set(issue.fingerprint, count);
    return count === 1 ? issue : { ...issue, fingerprint: `${issue.fingerprint}-${count}` };
  });
}

/** Reasons without a finding, and what was left out, stand at the root: a report without them would read as clean. */
function aboutChange({ card, found }: Report): Issue[] {
  const place = { path: ".", lines: { begin: 1 } };
  const reasons = card.reasons
    .filter(({ fingerprints }) => fingerprints.length === 0)
    .map(({ rule, check, effect, observed, because }): Issue => ({ description: visible(because), check_name: rule, fingerprint: `${rule}/${check ?? ""}`, severity: SEVERITY[observed ? "note" : effect], location: place }));
  const cut: Issue[] = found.cut === 0 ? [] : [{ description: `${found.cut} more findings are not in this report; the most severe are`, check_name: "maestro.findings-cut", fingerprint: "maestro.findings-cut", severity: "info", location: place }];
  return [...reasons, ...cut];
}

export function renderCodeQuality(report: Report): string {
  const weight = weigh(report.card);
  const issues = byWeight(report.found.findings.filter(({ finding }) => finding.baseline !== "fixed"), weight).map((one): Issue => {
    const { rule, range, fingerprint } = one.finding;
    return {
      description: visible(saidOf(one.finding)),
      check_name: rule,
      fingerprint,
      severity: SEVERITY[weight(one)],
      location: range === null ? { path: ".", lines: { begin: 1 } } : { path: visible(pathText(range.path)), lines: { begin: range.start_line } },
    };
  });
  return `${escapeJson(canonicalText(unique([...aboutChange(report), ...issues])))}\n`;
}
