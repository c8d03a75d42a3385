/** What softens a finding to a note: it was at the base, or somebody accepted it. Pure; nothing here can make an effect stricter or silence a finding. */
import type { Effect, Reason } from "../../proto/decision.ts";
import type { Finding } from "../../proto/outcome.ts";
import type { Waiver } from "../../proto/waiver.ts";
import { stricterThan } from "./effects.ts";

export type Accepted = NonNullable<Reason["accepted"]>;

/** Why the finding leads to no more than a note; null where nothing accepts it. A waiver comes first: it names somebody. */
export function acceptedAs({ baseline, waiver, test }: Finding): Accepted | null {
  if (waiver?.state === "accepted") return "waived";
  if (baseline === "existing") return "existing";
  // Only where the second run passed it; see `classOf`.
  return test?.class === "flaky" && test.retried === "passed" ? "flaky" : null;
}

export function softened(effect: Effect, accepted: Accepted | null): Effect {
  return accepted !== null && stricterThan(effect, "note") ? "note" : effect;
}

function byWhom({ owner, until, reason }: Waiver): string {
  return `accepted ${owner === null ? "by somebody unknown" : `by ${owner}`} until ${until ?? "no day"} (${reason})`;
}

/** In front of what policy says, so that the card never shows a note without saying what made it one. */
export function acceptedBecause(finding: Finding, accepted: Accepted | null): string {
  if (accepted === "waived" && finding.waiver !== undefined) return `${byWhom(finding.waiver)}: `;
  if (accepted === "flaky") return `${finding.test?.because ?? "known flaky"}: `;
  return accepted === "existing" ? "already at the base: " : "";
}

/** The waiver that speaks of a finding and does not count, and why. */
export function lapsed({ waiver }: Finding): { readonly rule: "waiver.expired" | "waiver.refused"; readonly because: string; readonly waiver: Waiver } | null {
  if (waiver === undefined || waiver.state === "accepted") return null;
  return { rule: waiver.state === "expired" ? "waiver.expired" : "waiver.refused", because: `the waiver of ${waiver.rule} does not count: ${waiver.because ?? "no reason was given"}`, waiver };
}
