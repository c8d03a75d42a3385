/**
 * What a range proof is about, in the words of the transcript: every public value enters before the first challenge, so a proof made for one
 * gate, leaf or bound is none for another.
 */
import type { ObligationsPredicate } from "../../../proto/attestation.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64, fromHex, utf8 } from "../../../proto/encoding.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { RANGE_PARTIES_MAX, type RangeBits } from "../../../proto/range.ts";
import type { RangeGroup, Term } from "./group.ts";
import { IDENTITY } from "./proof.ts";
import { mod } from "./scalars.ts";
import { Transcript } from "./transcript.ts";

export type RangeSubject = Pick<ObligationsPredicate, "gate_id" | "identity" | "attempt" | "manifest">;

/** A leaf with a commitment, at its place in the tree. */
export interface RangeClaim {
  readonly index: number;
  /** RFC 6962 hash of the leaf, hex. */
  readonly leaf_hash: string;
  readonly leaf: ObligationLeaf;
}

const LABEL = "maestro/range/v1";

export function beginStatement({ gate_id, identity, attempt, manifest }: RangeSubject, claims: readonly RangeClaim[], bits: RangeBits): Transcript {
  const transcript = Transcript.begin(LABEL);
  transcript.append("config", utf8(identity.config));
  transcript.append("policy", utf8(identity.policy));
  transcript.append("gate", utf8(gate_id));
  transcript.append("identity", canonicalBytes(identity));
  transcript.append("attempt", canonicalBytes(attempt));
  transcript.append("root", fromHex(manifest.root) ?? utf8(manifest.root));
  transcript.appendCount("size", manifest.size);
  transcript.appendCount("bits", bits);
  transcript.appendCount("claims", claims.length);
  for (const { index, leaf_hash, leaf } of claims) {
    const { component, name, unit, scale, min, max, commitment } = leaf;
    transcript.appendCount("index", index);
    transcript.append("leaf", fromHex(leaf_hash) ?? utf8(leaf_hash));
    transcript.append("bounds", canonicalBytes({ component, name, unit, scale, min, max, commitment }));
  }
  return transcript;
}

/** How many commitments a claim takes. */
export const partiesOf = ({ min, max }: Pick<ObligationLeaf, "min" | "max">): number => Number(min !== null) + Number(max !== null);

/** A power of two, as the protocol wants; the rest are commitments to zero. */
export const paddedParties = (parties: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, parties)));

/**
 * The commitments whose numbers must lie in [0, 2^n): `C - min·B` and `max·B - C`. The verifier makes them itself, from its own bounds. Both
 * together cannot wrap: bounds have at most 38 digits, and the order of the group has 77. Null for a leaf that cannot be one, or too many of them.
 */
export function rangeCommitments(group: RangeGroup, claims: readonly RangeClaim[]): Uint8Array[] | null {
  const out: Uint8Array[] = [];
  for (const { leaf } of claims) {
    const point = leaf.commitment === null ? null : fromBase64(leaf.commitment);
    if (point === null || partiesOf(leaf) === 0) return null;
    const shifted = (scalar: bigint, basepoint: bigint): Uint8Array | null => {
      const points: readonly Term[] = [{ point, scalar: mod(scalar) }];
      return group.sum({ bits: 8, g: [], h: [], basepoint: mod(basepoint), blinding: 0n, points });
    };
    const low = leaf.min === null ? undefined : shifted(1n, -BigInt(leaf.min));
    const high = leaf.max === null ? undefined : shifted(-1n, BigInt(leaf.max));
    if (low === null || high === null) return null;
    out.push(...[low, high].filter((one) => one !== undefined));
  }
  if (out.length === 0 || out.length > RANGE_PARTIES_MAX) return null;
  while (out.length < paddedParties(out.length)) out.push(IDENTITY);
  return out;
}
