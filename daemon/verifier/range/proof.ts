/** The wire form of one Bulletproofs range proof, as dalek's `bulletproofs` 5 writes it: 32-byte elements, nothing between them. */
import { concatBytes } from "../../../proto/encoding.ts";
import { RANGE_BITS } from "../../../proto/range.ts";
import { canonicalScalar, SCALAR_BYTES, toBytesLe } from "./scalars.ts";

const POINT_BYTES = 32;
const HEAD_ELEMENTS = 7;
const TAIL_ELEMENTS = 2;
/** 64 bits for each of eight commitments. */
const ROUNDS_MAX = 9;

/** Points are bytes as they go into the transcript; whether they decode is found when they are used. */
export interface RangeProof {
  readonly A: Uint8Array;
  readonly S: Uint8Array;
  readonly T1: Uint8Array;
  readonly T2: Uint8Array;
  readonly t_x: bigint;
  readonly t_x_blinding: bigint;
  readonly e_blinding: bigint;
  readonly L: readonly Uint8Array[];
  readonly R: readonly Uint8Array[];
  readonly a: bigint;
  readonly b: bigint;
}

export const isRangeBits = (n: number): boolean => RANGE_BITS.some((bits) => bits === n);

/** Number of halvings that the inner-product argument of n bits and m commitments takes. */
export const roundsOf = (n: number, m: number): number => Math.log2(n * m);

/** Null for a length that is none, and for a scalar that is not below the order. */
export function decodeProof(bytes: Uint8Array): RangeProof | null {
  const elements = bytes.length / SCALAR_BYTES;
  const rounds = (elements - HEAD_ELEMENTS - TAIL_ELEMENTS) / 2;
  if (!Number.isInteger(rounds) || rounds < 0 || rounds > ROUNDS_MAX) return null;
  const element = (at: number): Uint8Array => bytes.subarray(at * SCALAR_BYTES, (at + 1) * SCALAR_BYTES);
  const [t_x, t_x_blinding, e_blinding, a, b] = [4, 5, 6, elements - 2, elements - 1].map((at) => canonicalScalar(element(at)));
  if (t_x == null || t_x_blinding == null || e_blinding == null || a == null || b == null) return null;
  const at = Array.from({ length: rounds }, (_, i) => HEAD_ELEMENTS + 2 * i);
  return { A: element(0), S: element(1), T1: element(2), T2: element(3), t_x, t_x_blinding, e_blinding, L: at.map(element), R: at.map((one) => element(one + 1)), a, b };
}

export function encodeProof({ A, S, T1, T2, t_x, t_x_blinding, e_blinding, L, R, a, b }: RangeProof): Uint8Array {
  const rounds = L.flatMap((left, i) => [left, R[i] ?? new Uint8Array(POINT_BYTES)]);
  return concatBytes(A, S, T1, T2, toBytesLe(t_x), toBytesLe(t_x_blinding), toBytesLe(e_blinding), ...rounds, toBytesLe(a), toBytesLe(b));
}

/** The identity, as ristretto255 writes it (RFC 9496, section 4.3.2). */
export const IDENTITY = new Uint8Array(POINT_BYTES);
