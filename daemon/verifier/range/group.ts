/** Sums of points of ristretto255 (RFC 9496): all that proving and verifying a range asks of the group. */

export interface Term {
  /** 32 bytes, canonical. */
  readonly point: Uint8Array;
  readonly scalar: bigint;
}

/** `basepoint·B + blinding·B~ + <g, G> + <h, H> + Σ scalar·point`; `G` and `H` are taken party by party, `bits` of each. */
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
