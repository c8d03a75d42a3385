/** Sums of points of ristretto255 (RFC 9496): all that proving and verifying a range asks of the group. */

export interface Term {
  /** 32 bytes, canonical. */
  readonly point: Uint8Array;
  readonly scalar: bigint;
}

/** `basepoint·B + blinding·B~ + <g, G> + <h, H> + Σ scalar·point`; `G` and `H` are taken party by party, `bits` of each. Scalars are below the order. */
export interface Sum {
  readonly bits: number;
  readonly g: readonly bigint[];
  readonly h: readonly bigint[];
  readonly basepoint: bigint;
  readonly blinding: bigint;
  readonly points: readonly Term[];
}

export interface RangeGroup {
  /** Null where a point is not the canonical encoding of one. */
  sum(terms: Sum): Uint8Array | null;
}

/** Generators of each kind for one party, and parties, that there are at most. */
export const PARTY_GENERATORS = 64;
export const PARTIES_MAX = 8;
/** Points beside the generators in one sum: those of a proof of 64 bits and eight commitments are 30. */
export const POINTS_MAX = 60;
