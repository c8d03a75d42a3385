/**
 * What a range proof is about, in the words of the transcript: every public value enters before the first challenge, so a proof made for one
 * gate, leaf or bound is none for another.
 */
import type { ObligationsPredicate } from "../../../proto/attestation.ts";
import { canonicalBytes } from "../../../proto/canonical.ts";
import { fromBase64, utf8 } from "../../../proto/encoding.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { RANGE_PARTIES_MAX, type RangeBits } from "../../../proto/range.ts";
import type { RangeGroup, Term } from "../../../kernels/ristretto/index.ts";
import { IDENTITY } from "./proof.ts";
import { mod } from "./scalars.ts";
import { countBytes, Transcript } from "./transcript.ts";

export type RangeSubject = Pick<ObligationsPredicate, "gate_id" | "identity" | "attempt" | "manifest">;

/** A leaf with a commitment, at its place in the tree. */
export interface RangeClaim {
  readonly index: number;
  /** RFC 6962 hash of the leaf, hex. */
  readonly leaf_hash: string;
  readonly leaf: ObligationLeaf;
}

export const STATEMENT_LABEL = "maestro/range/v1";

type Message = readonly [label: string, message: Uint8Array];

/** In the order in which they are said. The identity holds policy, configuration, subject and repository; Merlin frames each message, so none can run into the next. */
export function statementMessages({ gate_id, identity, attempt, manifest }: RangeSubject, claims: readonly RangeClaim[], bits: RangeBits): Message[] {
  return [
    ["gate", utf8(gate_id)],
    ["identity", canonicalBytes(identity)],
    ["attempt", canonicalBytes(attempt)],
    ["root", utf8(manifest.root)],
    ["size", countBytes(manifest.size)],
    ["bits", countBytes(bits)],
    ...claims.flatMap(({ index, leaf_hash, leaf: { component, name, unit, scale, min, max, commitment } }): Message[] => [
      ["index", countBytes(index)],
      ["leaf", utf8(leaf_hash)],
      ["bounds", canonicalBytes({ component, name, unit, scale, min, max, commitment })],
    ]),
  ];
}

export function beginStatement(subject: RangeSubject, claims: readonly RangeClaim[], bits: RangeBits): Transcript {
  const transcript = Transcript.begin(STATEMENT_LABEL);
  for (const [label, message] of statementMessages(subject, claims, bits)) transcript.append(label, message);
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
