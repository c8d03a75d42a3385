/** One finding as a SARIF result (3.27). */
import type { CheckFinding } from "../../../proto/findings.ts";
import type { Finding, Range } from "../../../proto/outcome.ts";
import type { Waiver } from "../../../proto/waiver.ts";
import { readCex } from "../../verifier/counterexample.ts";
import type { Weight } from "./report.ts";
import { flowsOf } from "./sarif-flow.ts";
import { sarifText } from "./sarif-text.ts";
import { uriOfPath } from "./uri.ts";

type Json = Readonly<Record<string, unknown>>;

const artifact = (range: Pick<Range, "path">): Json => ({ uri: uriOfPath(range.path), uriBaseId: "%SRCROOT%" });

/** Code hosts refuse a file with a result that has no place, so a finding about the whole change stands at the root. */
function location(range: Range | null): Json {
  if (range === null) return { physicalLocation: { artifactLocation: { uri: ".", uriBaseId: "%SRCROOT%" }, region: { startLine: 1 } }, message: { text: "the change as a whole" } };
  return { physicalLocation: { artifactLocation: artifact(range), region: { startLine: range.start_line, endLine: Math.max(range.start_line, range.end_line) } } };
}

const BASELINE: Readonly<Record<Finding["baseline"], string | null>> = { new: "new", existing: "unchanged", fixed: "absent", not_compared: null };

/** 3.35. Only a waiver that counts: readers that do not look at `status` would take a refused one for a suppression. */
function suppressions(waiver: Waiver | undefined): Json {
  return waiver?.state === "accepted" ? { suppressions: [suppression(waiver)] } : {};
}

function suppression({ kind, reason, owner, until, path, line }: Waiver): Json {
  const terms = [`by ${owner ?? "nobody known"}`, ...(until === null ? [] : [`until ${until}`])];
  return {
    kind: kind === "inline" ? "inSource" : "external",
    status: "accepted",
    justification: sarifText(`${reason} (${terms.join(", ")})`),
    ...(line === null ? {} : { location: { physicalLocation: { artifactLocation: artifact({ path }), region: { startLine: line } } } }),
  };
}

/** 3.55: only where the new text is known to the letter; whole lines are replaced. */
function fixes({ fix, range }: Finding): Json {
  if (fix === null || fix.replacement === null || range === null) return {};
  const region = { startLine: range.start_line, endLine: Math.max(range.start_line, range.end_line) };
  return { fixes: [{ description: { text: sarifText(fix.description) }, artifactChanges: [{ artifactLocation: artifact(range), replacements: [{ deletedRegion: region, insertedContent: { text: fix.replacement } }] }] }] };
}

/** 3.27.19, of a counterexample that was seen to break. */
function flows({ cex }: Finding): Json {
  const read = cex === undefined ? null : readCex(cex);
  return read === null ? {} : flowsOf(read);
}

/** Enough of the finding's identity to tell it from others of a repository. */
export const lineHash = ({ identity, fingerprint }: Finding): string => (identity ?? fingerprint).slice(0, 16);

/** `occurrence` tells findings with one hash apart, as GitHub's own `hash:1`, `hash:2` do. */
export function resultOf({ check, finding }: CheckFinding, index: ReadonlyMap<string, number>, weight: Weight, occurrence: number): Json {
  const { rule, severity, message, range, fingerprint, identity, baseline, waiver, fix } = finding;
  const state = BASELINE[baseline];
  const advice = fix === null ? "" : ` ${fix.description}`;
  return {
    ruleId: rule,
    ruleIndex: index.get(rule) ?? -1,
    level: severity,
    message: { text: sarifText(`${message}${/[.!?]$/.test(message) ? "" : "."}${advice}`) },
    locations: [location(range)],
    // GitHub tells findings apart by the first; without it, it hashes the line and sees a moved one as new.
    partialFingerprints: { primaryLocationLineHash: `${lineHash(finding)}:${occurrence}`, "maestroFinding/v1": fingerprint, ...(identity === undefined ? {} : { "maestroIdentity/v1": identity }) },
    ...(state === null ? {} : { baselineState: state }),
    ...suppressions(waiver),
    ...fixes(finding),
    ...flows(finding),
    properties: { check, effect: weight },
  };
}
