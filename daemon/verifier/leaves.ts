import { chosenHasher } from "../../kernels/merkle/index.ts";
import type { ObligationsPredicate } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Card } from "../../proto/card.ts";
import type { Decision } from "../../proto/decision.ts";
import type { Leaf, ObligationLeaf } from "../../proto/manifest.ts";

export type Coordinates = Pick<ObligationLeaf, "component" | "kind" | "name">;

/** The leaf under which the Decision Card's digest hangs. */
export const CARD_LEAF: Coordinates = { component: "documents", kind: "document", name: "card" };

/** The leaf that repeats the verdict inside the tree, so that it can be shown alone. */
export const VERDICT_LEAF: Coordinates = { component: "decision", kind: "rule", name: "verdict" };

/** The leaf of one release that an attempt rests on; its digest is that of the release's signed statement. */
export const releaseLeafName = ({ kind, log_index }: { readonly kind: string; readonly log_index: number }): string => `release/${kind}/${log_index}`;

/** RFC 6962 hash of one leaf's data. */
export const hashLeaf = (data: Uint8Array): Uint8Array => chosenHasher().leafHashes([data]);

export const leafBytes = (leaf: Leaf): Uint8Array => canonicalBytes(leaf);

/** What a person calls a leaf: `kind/name`, and `identity` for leaf 0. */
export const leafLabel = (leaf: Leaf): string => (leaf.kind === "identity" ? "identity" : `${leaf.kind}/${leaf.name}`);

/** Order of leaves 1 and on. All three are ASCII, so every order of characters is the same one. */
export function compareCoordinates(a: Coordinates, b: Coordinates): number {
  for (const field of ["component", "kind", "name"] as const) {
    if (a[field] !== b[field]) return a[field] < b[field] ? -1 : 1;
  }
  return 0;
}

/** Whether a person asking for `wanted` means this leaf: its full coordinates, `kind/name`, or the name alone. */
export function leafAnswersTo(leaf: Leaf, wanted: string): boolean {
  if (leaf.kind === "identity") return wanted === "identity";
  return [`${leaf.component}/${leaf.kind}/${leaf.name}`, leafLabel(leaf), leaf.name].includes(wanted);
}

type SignedReason = ObligationsPredicate["reasons"][number];

/** The reasons as they are signed: rule, effect and mode, each once, in order of first appearance. */
export function signedReasons(reasons: Decision["reasons"] | Card["reasons"]): SignedReason[] {
  const seen = new Map<string, SignedReason>();
  for (const { rule, effect, observed } of reasons) {
    const key = `${rule} ${effect} ${observed}`;
    if (!seen.has(key)) seen.set(key, { rule, effect, observed });
  }
  return [...seen.values()];
}
