import { sha256 } from "@noble/hashes/sha2.js";
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { Identity } from "../../../proto/change.ts";
import type { Decision, Reason } from "../../../proto/decision.ts";
import { concatBytes, toHex, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { HiddenNumber } from "../../../proto/hidden-number.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import type { MeasuredObligation, Outcome } from "../../../proto/outcome.ts";
import { compareCoordinates, VERDICT_LEAF } from "../../verifier/leaves.ts";

/** A document a leaf speaks for. One that travels in the bundle is named by its digest, any other by a MAC, so that nobody can guess it. */
export interface Source {
  readonly sha256: string;
  readonly travels: boolean;
}

/** A leaf before gate, policy and salt are put to it: what was found, and nothing secret or random. */
export interface CoreLeaf extends Pick<ObligationLeaf, "component" | "kind" | "name" | "outcome" | "observer" | "value" | "unit" | "scale" | "min" | "max" | "coverage_gap"> {
  readonly source: Source | null;
  /** Whose answer this is, where nobody was asked anew. Of no weight for what was found. */
  readonly reused?: NonNullable<Outcome["reused"]>;
  /** A number that the leaf holds as a commitment; no part of any digest, since it could be guessed from one. */
  readonly secret?: HiddenNumber;
}

export interface Findings {
  readonly decision: Decision;
  readonly outcomes: readonly Outcome[];
  readonly obligations: readonly MeasuredObligation[];
  readonly documents: readonly ({ readonly name: string } & Source)[];
}

const GAP_CHARS_MAX = 2000;
const PLAIN = { value: null, unit: null, scale: 0, min: null, max: null, coverage_gap: null, source: null } as const;

const digestOf = (value: unknown): string => toHex(sha256(canonicalBytes(value)));

/** What was not looked at, in one text; a text that has to be cut says so. */
function gapText(outcome: Outcome): string | null {
  const gaps = outcome.gaps.map(({ what, because }) => `${what}: ${because}`);
  if (outcome.because !== null) gaps.unshift(outcome.because);
  if (outcome.findings_cut > 0) gaps.push(`${outcome.findings_cut} findings beyond the limit`);
  const text = gaps.join("; ");
  if (text === "") return null;
  return text.length <= GAP_CHARS_MAX ? text : `${text.slice(0, GAP_CHARS_MAX - 40).toWellFormed()}… (${gaps.length} gaps in all)`;
}

function outcomeLeaf({ reused, ...outcome }: Outcome): CoreLeaf {
  return {
    ...(reused === undefined ? {} : { reused }),
    ...PLAIN,
    component: "checks",
    kind: "check",
    name: outcome.check,
    outcome: outcome.result,
    observer: outcome.observer,
    value: String(outcome.findings.length),
    unit: "findings",
    coverage_gap: gapText(outcome),
    source: { sha256: digestOf(outcome), travels: false },
  };
}

/** One leaf for each (rule, effect, mode), since one rule may speak of several findings. */
function reasonLeaves(reasons: readonly Reason[]): CoreLeaf[] {
  const grouped = Map.groupBy(reasons, ({ rule, effect, observed }) => `${rule}/${effect}${observed ? "/observed" : ""}`);
  return [...grouped].map(([name, group]): CoreLeaf => {
    const [first] = group;
    const decides = first !== undefined && !first.observed && first.effect !== "note";
    return {
      ...PLAIN,
      component: "decision",
      kind: "rule",
      name,
      outcome: decides && first.effect !== "note" ? first.effect : "recorded",
      observer: "daemon",
      value: String(group.length),
      unit: "reasons",
      source: { sha256: digestOf(group), travels: false },
    };
  });
}

function obligationLeaf({ name, kind, result, observer, value, unit, scale, min, max, because, source_sha256, secret }: MeasuredObligation): CoreLeaf {
  const source = source_sha256 === null ? null : { sha256: source_sha256, travels: false };
  return { ...PLAIN, component: "obligations", kind, name, outcome: result, observer, value, unit, scale, min, max, coverage_gap: because, source, ...(secret === undefined ? {} : { secret }) };
}

/** The leaves 1 and on, sorted. Throws `internal.bug` for two leaves of one name. */
export function coreLeaves({ decision, outcomes, obligations, documents }: Findings): CoreLeaf[] {
  const leaves: CoreLeaf[] = [
    { ...PLAIN, ...VERDICT_LEAF, outcome: decision.verdict, observer: "daemon" },
    ...outcomes.map(outcomeLeaf),
    ...reasonLeaves(decision.reasons),
    ...obligations.map(obligationLeaf),
    ...documents.map(({ name, ...source }): CoreLeaf => ({ ...PLAIN, component: "documents", kind: "document", name, outcome: "recorded", observer: "daemon", source })),
  ];
  leaves.sort(compareCoordinates);
  for (const [i, leaf] of leaves.entries()) {
    const before = leaves[i - 1];
    if (before !== undefined && compareCoordinates(before, leaf) === 0) {
      throw new MaestroError("internal.bug", `two leaves are called ${leaf.component}/${leaf.kind}/${leaf.name}`);
    }
  }
  return leaves;
}

/**
 * Digest of what was found, without salt, secret, attempt or time: the same
 * recorded outcomes under the same identity give it again on any machine.
 * The report of a hidden number is no part of it either, since it is guessed as easily as the number.
 */
export function unsaltedCore(identity: Identity, leaves: readonly CoreLeaf[]): string {
  return toHex(sha256(concatBytes(utf8("maestro/v1/manifest-core\0"), canonicalBytes({ identity, leaves: leaves.map(({ reused: _, secret, ...leaf }) => (secret === undefined ? leaf : { ...leaf, source: null })) }))));
}
