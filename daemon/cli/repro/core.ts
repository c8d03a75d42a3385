/** What of a gate comes out again when the same is judged the same way: no salt, time, name or key. Pure. */
import { createHash } from "node:crypto";
import type { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes, canonicalText } from "../../../proto/canonical.ts";
import type { Verdict } from "../../../proto/decision.ts";
import type { KeptFindings } from "../../../proto/findings.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";

type CoreLeaf = Pick<ObligationLeaf, "component" | "kind" | "name" | "outcome" | "value" | "unit" | "scale" | "min" | "max">;
type CoreFinding = { readonly check: string; readonly rule: string; readonly fingerprint: string };

export interface OutcomeCore {
  readonly verdict: Verdict | null;
  readonly merge_tree: string | null;
  readonly leaves: readonly CoreLeaf[];
  /** `null` where they are no longer kept, or hidden with their leaf. */
  readonly findings: readonly CoreFinding[] | null;
}

export interface Judged {
  readonly bundle: Bundle;
  readonly verdict: Verdict;
  readonly merge_tree: string | null;
  readonly findings: KeptFindings | null;
}

const sorted = <T>(items: readonly T[]): T[] => items.map((item) => [canonicalText(item), item] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);

/** Of one check alone the verdict is no part, since others have their say in it. */
export function outcomeCore({ bundle, verdict, merge_tree, findings }: Judged, check: string | null): OutcomeCore {
  const leaves = bundle.manifest.leaves.flatMap((slot): CoreLeaf[] => {
    if (!("leaf" in slot) || slot.leaf.kind === "identity" || slot.leaf.kind === "document" || slot.leaf.commitment !== null) return [];
    const { component, kind, name, outcome, value, unit, scale, min, max } = slot.leaf;
    return check === null || (kind === "check" && name === check) ? [{ component, kind, name, outcome, value, unit, scale, min, max }] : [];
  });
  const found = findings?.findings.filter((one) => check === null || one.check === check).map(({ check: of, finding: { rule, fingerprint } }) => ({ check: of, rule, fingerprint }));
  return { verdict: check === null ? verdict : null, merge_tree, leaves: sorted(leaves), findings: found === undefined ? null : sorted(found) };
}

export const coreDigest = (core: OutcomeCore): string => createHash("sha256").update("maestro/v1/outcome-core\0").update(canonicalBytes(core)).digest("hex");

const leafName = ({ component, kind, name }: CoreLeaf): string => `${component}/${kind}/${name}`;
const saidOf = ({ outcome, value, unit }: CoreLeaf): string => `${outcome}${value === null ? "" : ` ${value} ${unit ?? ""}`.trimEnd()}`;

function lists<T>(what: string, recorded: readonly T[], replayed: readonly T[], nameOf: (item: T) => string, textOf: (item: T) => string): string[] {
  const [before, after] = [new Map(recorded.map((one) => [nameOf(one), one])), new Map(replayed.map((one) => [nameOf(one), one]))];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [a, b] = [before.get(name), after.get(name)];
    if (canonicalText(a ?? null) === canonicalText(b ?? null)) return [];
    return [`${what} ${name}: ${a === undefined ? "was not there" : textOf(a)}, now ${b === undefined ? "is not there" : textOf(b)}`];
  });
}

/** In words, the verdict first. */
export function differences(recorded: OutcomeCore, replayed: OutcomeCore): string[] {
  const findingName = ({ check, rule, fingerprint }: CoreFinding): string => `${rule} of ${check} ${fingerprint.slice(0, 16)}`;
  return [
    ...(recorded.verdict === replayed.verdict ? [] : [`verdict: ${recorded.verdict ?? "none"}, now ${replayed.verdict ?? "none"}`]),
    ...(recorded.merge_tree === replayed.merge_tree ? [] : [`merged tree: ${recorded.merge_tree ?? "none"}, now ${replayed.merge_tree ?? "none"}`]),
    ...lists("leaf", recorded.leaves, replayed.leaves, leafName, saidOf),
    ...lists("finding", recorded.findings ?? [], replayed.findings ?? [], findingName, () => "found"),
  ];
}

/** Findings that one side no longer has are compared on neither. */
export function comparable(recorded: OutcomeCore, replayed: OutcomeCore): readonly [OutcomeCore, OutcomeCore] {
  return recorded.findings === null || replayed.findings === null ? [{ ...recorded, findings: null }, { ...replayed, findings: null }] : [recorded, replayed];
}
