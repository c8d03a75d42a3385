/**
 * Findings of a change beside those of the same change taken back. One that was there before is `existing`, whatever
 * file it has moved to and however it is indented now, as long as the same folders' rules and the same waivers speak of both
 * places and both are of one class (tests, fixtures, generated); equal ones are counted, so that a third of two is new.
 */
import type { Facts } from "../../../../proto/facts.ts";
import type { Finding } from "../../../../proto/outcome.ts";
import type { Comparison } from "../../../../proto/waiver.ts";
import { Borders } from "../../../checking/border.ts";
import { countedByRule, pairUp } from "../../../findings/pairing.ts";
import { rawIdentity, type RawIdentity } from "./raw-identity.ts";
import { reversed, takenAway } from "./reversed.ts";

/** Past it the base's lines are not read a second time: a check's deadline is for the change. */
const TAKEN_AWAY_CHARACTERS_MAX = 8 * 1024 * 1024;

interface Answer {
  readonly findings: readonly Finding[];
  readonly findings_cut: number;
  readonly blind: string | null;
}

export interface ComparedFindings {
  readonly findings: Finding[];
  readonly comparison: Comparison;
}

/** Lines that stay in their file are paired first, so that a move elsewhere does not take their place. */
function pairFindings(findings: readonly Finding[], base: readonly Finding[], borders: Borders): ComparedFindings {
  const under = ({ place }: RawIdentity, rule: string): string | null => (place === null ? null : borders.sideOf(place, rule));
  const inPlace = (finding: Finding): string | null => {
    const raw = rawIdentity(finding);
    return raw === null ? null : JSON.stringify([finding.rule, under(raw, finding.rule), raw.path, raw.text]);
  };
  const anywhere = (finding: Finding): string | null => {
    const raw = rawIdentity(finding);
    return raw === null || !raw.movable ? null : JSON.stringify([finding.rule, under(raw, finding.rule), raw.text]);
  };
  const { existing, left } = pairUp(findings, base, [inPlace, anywhere]);
  return {
    findings: findings.map((finding) => ({ ...finding, baseline: existing.has(finding) ? "existing" : "new" })),
    comparison: { fixed: countedByRule(left), not_compared: null },
  };
}

const allNew = (findings: readonly Finding[], not_compared: string | null): ComparedFindings => ({ findings: findings.map((finding) => ({ ...finding, baseline: "new" })), comparison: { fixed: [], not_compared } });

/**
 * `content` holds the rules that find a thing where it stands; findings of any other rule are about the change itself, and new by that.
 * `ask` is the check; `folders` have a `maestro.yaml` of their own at the base. What the base was cannot always be told: then everything is new, and the comparison says so.
 */
export async function compareFindings(facts: Facts, findings: readonly Finding[], content: ReadonlySet<string>, folders: readonly string[], ask: (facts: Facts) => Promise<Answer | null>): Promise<ComparedFindings> {
  const size = takenAway(facts);
  if (content.size === 0 || size === 0) return allNew(findings, null);
  if (size > TAKEN_AWAY_CHARACTERS_MAX) return allNew(findings, "the change takes away more text than is read a second time");
  const base = await ask(reversed(facts));
  if (base === null) return allNew(findings, null);
  if (base.blind !== null) return allNew(findings, `the base could not be seen whole: ${base.blind}`);
  if (base.findings_cut > 0) return allNew(findings, "the base has more findings than are listed");
  const { findings: paired, comparison } = pairFindings(findings.filter(({ rule }) => content.has(rule)), base.findings.filter(({ rule }) => content.has(rule)), new Borders(folders, facts.waived));
  const next = paired.values();
  return { findings: findings.map((finding) => (content.has(finding.rule) ? (next.next().value ?? finding) : { ...finding, baseline: "new" })), comparison };
}
