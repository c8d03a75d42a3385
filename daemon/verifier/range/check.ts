/** The range proofs of a bundle against the leaves they are about. */
import { fromBase64, toHex } from "../../../proto/encoding.ts";
import type { TravellingDocument } from "../../../proto/document.ts";
import type { RangeBits, RangeProofEntry, VerifiedRange } from "../../../proto/range.ts";
import { hashLeaf, leafBytes } from "../leaves.ts";
import type { OpenManifest } from "../manifest.ts";
import { pass, stop, type Step } from "../step.ts";
import { boundsFrom, checkBounds, CONFIG_DOCUMENT, type Bounds } from "./bounds.ts";
import { rangeGroup } from "./engine.ts";
import { decodeProof } from "./proof.ts";
import { beginStatement, rangeCommitments, type RangeClaim, type RangeSubject } from "./statement.ts";
import { verifyRange } from "./verify.ts";

export interface RangeMaterial {
  readonly proofs: readonly RangeProofEntry[];
  readonly documents: readonly TravellingDocument[];
  /** The auditor's own copy of the configuration; `null` where the bundle's is to do. */
  readonly bounds: Uint8Array | null;
  /** Proofs that this very process saw hold, by what `seenAs` says of each; they are not computed a second time. */
  readonly seen?: ReadonlySet<string>;
}

const SEEN_BYTES = 32;

const SHARED = "its proof is one with that of a leaf that is hidden here";

/** Every shown leaf that holds a commitment, in the order of the tree. */
function claimsOf({ shown }: OpenManifest): Step<Map<number, RangeClaim>> {
  const claims = new Map<number, RangeClaim>();
  const seen = new Set<string>();
  for (const [index, leaf] of shown) {
    if (leaf.kind === "identity" || leaf.commitment === null) continue;
    if (seen.has(leaf.commitment)) return stop("range.proof", `${leaf.name} has the commitment of another leaf`);
    seen.add(leaf.commitment);
    claims.set(index, { index, leaf, leaf_hash: toHex(hashLeaf(leafBytes(leaf))) });
  }
  return pass(claims);
}

/** The leaves that one entry speaks of: those it may, or `null` where some of them are hidden. */
function claimedBy({ leaves }: RangeProofEntry, claims: ReadonlyMap<number, RangeClaim>, { shown, tree }: OpenManifest): Step<RangeClaim[] | null> {
  let before = 0;
  for (const index of leaves) {
    if (index <= before || index >= tree.size) return stop("range.proof", `leaf ${index} of a proof is out of order or beyond the tree`);
    before = index;
    if (shown.has(index) && claims.get(index)?.leaf.outcome !== "pass") return stop("range.proof", `leaf ${index} is none that a range is proved of`);
  }
  if (!leaves.every((index) => shown.has(index))) return pass(null);
  return pass(leaves.flatMap((index) => claims.get(index) ?? []));
}

const bitsOf = (claims: readonly RangeClaim[]): (RangeBits | undefined)[] => [...new Set(claims.map(({ leaf }) => leaf.hidden?.bits))];

/** Proof and statement in one name: no other proof, and none about anything else, has it. */
export function seenAs({ proof }: RangeProofEntry, claims: readonly RangeClaim[], subject: RangeSubject): string | null {
  const [bits] = bitsOf(claims);
  return bits === undefined ? null : `${toHex(beginStatement(subject, claims, bits).challengeBytes("seen", SEEN_BYTES))} ${proof}`;
}

/** One proof about shown leaves: one sum of points, which nothing interrupts. */
export function checkProof(entry: RangeProofEntry, claims: readonly RangeClaim[], subject: RangeSubject): Step<null> {
  const names = claims.map(({ leaf }) => leaf.name).join(", ");
  const bits = bitsOf(claims);
  const [n] = bits;
  if (n === undefined || bits.length > 1) return stop("range.proof", `the numbers of one proof have different sizes: ${names}`);
  const bytes = fromBase64(entry.proof);
  const proof = bytes === null ? null : decodeProof(bytes);
  if (proof === null) return stop("range.proof", `the proof of ${names} is malformed`);
  const commitments = rangeCommitments(rangeGroup(), claims);
  if (commitments === null) return stop("range.proof", `the commitments of ${names} are none that a range can be proved of`);
  const holds = verifyRange(rangeGroup(), beginStatement(subject, claims, n satisfies RangeBits), n, commitments, proof);
  return holds ? pass(null) : stop("range.proof", `the proof does not show that ${names} is within its bounds`);
}

function said({ leaf }: RangeClaim, proved: ReadonlySet<number>, index: number, bounds: Bounds | null): VerifiedRange {
  const { name: obligation, min, max, unit, scale } = leaf;
  const shape = { obligation, min, max, unit, scale, bounds: bounds?.from ?? "signer" } as const;
  if (leaf.outcome !== "pass") return { ...shape, result: "outside", because: "the gate says that it failed; of that there is no proof" };
  return proved.has(index) ? { ...shape, result: "proved", because: null } : { ...shape, result: "not_proved", because: SHARED };
}

/** Every shown number that is hidden and passed has its proof, once; every proof is about shown leaves, or says of nothing that it is proved. */
export function checkRanges({ proofs, documents, bounds: given, seen }: RangeMaterial, manifest: OpenManifest, subject: RangeSubject): Step<VerifiedRange[]> {
  const claims = claimsOf(manifest);
  if (!claims.ok) return claims;
  if (claims.value.size === 0) return proofs.length === 0 || manifest.shown.size < manifest.tree.size ? pass([]) : stop("range.proof", "there is a proof and no number that it could be about");
  const carried = documents.find(({ name }) => name === CONFIG_DOCUMENT);
  const bounds = boundsFrom(subject.identity.config, carried === undefined ? null : fromBase64(carried.content), given);
  if (!bounds.ok) return bounds;
  for (const { leaf } of claims.value.values()) {
    const checked = bounds.value === null ? pass(null) : checkBounds(leaf, bounds.value);
    if (!checked.ok) return checked;
  }
  const covered = new Set<number>();
  const proved = new Set<number>();
  for (const entry of proofs) {
    const about = claimedBy(entry, claims.value, manifest);
    if (!about.ok) return about;
    if (entry.leaves.some((index) => covered.has(index))) return stop("range.proof", "a number is proved twice");
    for (const index of entry.leaves) covered.add(index);
    if (about.value === null) continue;
    const known = seen !== undefined && seen.has(seenAs(entry, about.value, subject) ?? "");
    const holds = known ? pass(null) : checkProof(entry, about.value, subject);
    if (!holds.ok) return holds;
    for (const { index } of about.value) proved.add(index);
  }
  const missing = [...claims.value.values()].find(({ index, leaf }) => leaf.outcome === "pass" && !covered.has(index));
  if (missing !== undefined) return stop("range.proof", `the proof of ${missing.leaf.name} is missing`);
  return pass([...claims.value.values()].map((claim) => said(claim, proved, claim.index, bounds.value)));
}
