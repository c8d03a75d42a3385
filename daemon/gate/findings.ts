/** What is kept of the findings beside the card. Pure: equal outcomes give equal bytes. */
import { canonicalBytes } from "../../proto/canonical.ts";
import { FINDINGS_BYTES_MAX, FINDINGS_MAX, type CheckFinding, type KeptFindings } from "../../proto/findings.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { placeFindings } from "../policy/input.ts";

const RANK: Readonly<Record<Finding["severity"], number>> = { error: 0, warning: 1, note: 2 };

/** Brackets and the comma after each entry. */
const FRAME_BYTES = 2;

interface Caps {
  readonly findings_max: number;
  readonly bytes_max: number;
}

/** The most severe findings that fit both caps, in the order policy saw them within a severity; what did not fit is counted. */
export function keepFindings(outcomes: readonly Outcome[], { findings_max, bytes_max }: Caps = { findings_max: FINDINGS_MAX, bytes_max: FINDINGS_BYTES_MAX }): KeptFindings {
  const placed = placeFindings(outcomes).toSorted((a, b) => RANK[a.finding.severity] - RANK[b.finding.severity]);
  const findings: CheckFinding[] = [];
  let bytes = FRAME_BYTES;
  for (const { check, finding } of placed) {
    bytes += canonicalBytes({ check, finding }).length + 1;
    // Not the next smaller one instead: what is left out must never be more severe than what is kept.
    if (findings.length === findings_max || bytes > bytes_max) break;
    findings.push({ check, finding });
  }
  const unreported = outcomes.reduce((sum, { findings_cut }) => sum + findings_cut, 0);
  return { findings, cut: placed.length - findings.length + unreported };
}
