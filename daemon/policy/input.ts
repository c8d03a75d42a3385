/** What a policy is asked with: the `input` document of every bundle. Pure. */
import type { Actor } from "../../proto/actor.ts";
import type { Mode } from "../../proto/change.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { pathText } from "../../proto/scalar.ts";

/** A finding and the check it came from. Its place in the list is the index policies know it by. */
export interface PlacedFinding {
  readonly check: string;
  readonly finding: Finding;
}

/**
 * All findings in the one order that policy and decision share: checks by
 * name, so that it does not depend on which check answered first, and within a
 * check as it reported them.
 */
export function placeFindings(outcomes: readonly Outcome[]): readonly PlacedFinding[] {
  const byName = [...outcomes].sort((a, b) => (a.check < b.check ? -1 : a.check > b.check ? 1 : 0));
  return byName.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
}

/** What the core knows of the change when policy is asked. */
export interface PolicySubject {
  readonly mode: Mode;
  readonly repository: string;
  readonly target_ref: string;
  readonly title: string;
  readonly actor: Actor;
  readonly files: number;
  readonly added_lines: number;
  readonly removed_lines: number;
  readonly history: "known" | "unknown";
  readonly conflicts: number;
  readonly empty: boolean;
  readonly required: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/**
 * The `input` document. Titles, names and paths are text of the change: a
 * policy may match on them, and what it says in `because` should not repeat
 * them. Settings of rules are not here: they apply to a policy's answer
 * (`daemon/gate/effects.ts`), so that no bundle can forget them.
 */
export function policyInput(subject: PolicySubject) {
  const { mode, actor, outcomes } = subject;
  return {
    v: 1,
    mode,
    actor: { class: actor.class, authenticated: actor.authenticated, name: actor.name, agent: actor.agent },
    change: {
      repository: subject.repository,
      target_ref: subject.target_ref,
      title: subject.title,
      files: subject.files,
      added_lines: subject.added_lines,
      removed_lines: subject.removed_lines,
      history: subject.history,
      conflicts: subject.conflicts,
      empty: subject.empty,
    },
    findings: placeFindings(outcomes).map(({ check, finding }, index) => ({
      index,
      rule: finding.rule,
      check,
      path: finding.range === null ? null : pathText(finding.range.path),
      tags: finding.tags,
      baseline: finding.baseline,
      severity: finding.severity,
    })),
    outcomes: [...outcomes]
      .map(({ check, result, observer, findings_cut }) => ({ check, result, observer, findings_cut, required: subject.required.includes(check) }))
      .sort((a, b) => (a.check < b.check ? -1 : a.check > b.check ? 1 : 0)),
  };
}
export type PolicyInput = ReturnType<typeof policyInput>;
