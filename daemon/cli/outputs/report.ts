/** What every output for machines is made of: the card, and the findings beside it. */
import type { ChangeCost } from "../../../proto/usage.ts";
import type { RuleDoc } from "../../../proto/api.ts";
import type { Card, CardProof, Timings } from "../../../proto/card.ts";
import type { CheckFinding, KeptFindings } from "../../../proto/findings.ts";

export interface Report {
  readonly card: Card;
  readonly proof: CardProof | null;
  readonly timings: Timings | null;
  readonly cost?: ChangeCost;
  readonly found: Pick<KeptFindings, "findings" | "cut">;
  /** Documentation of rules, for help texts; may be empty. */
  readonly rules: readonly RuleDoc[];
}

/** What a finding led to. `none`: policy lets it pass, or the change took it away. */
export type Weight = "refuse" | "hold" | "note" | "none";

const STRICTNESS: readonly Weight[] = ["none", "note", "hold", "refuse"];

/** What the decision made of each finding: an observed effect is a note, because nothing hangs on it. */
export function weigh({ reasons }: Pick<Card, "reasons">): (one: CheckFinding) => Weight {
  const weights = new Map<string, Weight>();
  for (const { rule, effect, observed, fingerprints } of reasons) {
    const weight: Weight = observed ? "note" : effect;
    for (const fingerprint of fingerprints) {
      const key = `${rule} ${fingerprint}`;
      if (STRICTNESS.indexOf(weight) > STRICTNESS.indexOf(weights.get(key) ?? "none")) weights.set(key, weight);
    }
  }
  return ({ finding }) => (finding.baseline === "fixed" ? "none" : (weights.get(`${finding.rule} ${finding.fingerprint}`) ?? "none"));
}

/** Heaviest first, otherwise in the order they were kept. */
export function byWeight(findings: readonly CheckFinding[], weight: (one: CheckFinding) => Weight): CheckFinding[] {
  return findings.toSorted((a, b) => STRICTNESS.indexOf(weight(b)) - STRICTNESS.indexOf(weight(a)));
}

/** Documentation of a rule; a tool's own rules are documented by the level the tool gave them. */
export function docOf(rules: readonly RuleDoc[], { finding }: CheckFinding): RuleDoc | null {
  const kind = finding.rule.startsWith("command.") ? `command.${finding.severity}` : finding.rule;
  return rules.find(({ rule }) => rule === finding.rule) ?? rules.find(({ rule }) => rule === kind) ?? null;
}
