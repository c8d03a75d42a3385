/**
 * One aggregated Bulletproofs range proof in dalek's form (Bünz et al., "Bulletproofs", section 4; the sum over all parties is made at once,
 * since one prover knows every number). Pure: what is random comes in as `secrets`.
 */
import type { RangeGroup } from "../../../kernels/ristretto/index.ts";
import { commit, type Opening } from "../../verifier/range/opening.ts";
import { encodeProof } from "../../verifier/range/proof.ts";
import { innerProduct, invert, mod, powers, sum } from "../../verifier/range/scalars.ts";
import type { Transcript } from "../../verifier/range/transcript.ts";
import { beginInnerProduct, beginRange } from "../../verifier/range/verify.ts";

/** Scalars nobody else knows and that no other proof has; `secrets(what, count)`. */
export type Secrets = (what: string, count: number) => bigint[];

export interface RangeToProve {
  readonly bits: number;
  /** A power of two of them; padding is a zero hidden by zero. */
  readonly openings: readonly Opening[];
}

function required(point: Uint8Array | null): Uint8Array {
  if (point === null) throw new RangeError("a sum of generators has no encoding");
  return point;
}

/** The two vectors whose inner product is the claim, as polynomials in x: `l = l0 + l1·x`, `r = r0 + r1·x`. */
interface Polynomials {
  readonly l0: readonly bigint[];
  readonly l1: readonly bigint[];
  readonly r0: readonly bigint[];
  readonly r1: readonly bigint[];
}

const at = (vector: readonly bigint[], i: number): bigint => vector[i] ?? 0n;

/** Little endian, party by party. Requires every number to fit. */
function bitsOf({ bits, openings }: RangeToProve): bigint[] {
  return openings.flatMap(({ value }) => {
    if (value < 0n || value >> BigInt(bits) !== 0n) throw new RangeError(`a number does not fit in ${bits} bits`);
    return Array.from({ length: bits }, (_, i) => (value >> BigInt(i)) & 1n);
  });
}

function polynomials(n: number, set: readonly bigint[], s_l: readonly bigint[], s_r: readonly bigint[], y: bigint, z: bigint): Polynomials {
  const y_powers = powers(y, set.length);
  const z_powers = powers(z, set.length / n);
  const two = (i: number): bigint => at(z_powers, Math.floor(i / n)) << BigInt(i % n);
  return {
    l0: set.map((bit) => mod(bit - z)),
    l1: s_l,
    r0: set.map((bit, i) => mod(at(y_powers, i) * (bit - 1n + z) + z * z * two(i))),
    r1: s_r.map((one, i) => mod(at(y_powers, i) * one)),
  };
}

interface Folded {
  readonly L: Uint8Array[];
  readonly R: Uint8Array[];
  readonly a: bigint;
  readonly b: bigint;
}

/**
 * The inner-product argument (section 3). The generators stay as they are and their factors are folded instead: a table of each is kept, which
 * makes a sum over all of them cheaper than halving the points. `q` is the factor of B that stands for the product.
 */
function* fold(group: RangeGroup, transcript: Transcript, bits: number, left: readonly bigint[], right: readonly bigint[], h_factors: readonly bigint[], q: bigint): Generator<void, Folded> {
  beginInnerProduct(transcript, left.length);
  let [a, b] = [left, right];
  let [gs, hs]: (readonly bigint[])[] = [left.map(() => 1n), h_factors];
  const [L, R]: [Uint8Array[], Uint8Array[]] = [[], []];
  while (a.length > 1) {
    const [size, half] = [a.length, a.length / 2];
    const [a_l, a_r, b_l, b_r] = [a.slice(0, half), a.slice(half), b.slice(0, half), b.slice(half)];
    const low = (i: number): boolean => i % size < half;
    const cross = (g_of: readonly bigint[], h_of: readonly bigint[], g_low: boolean): Uint8Array => {
      const g = (gs ?? []).map((factor, i) => (low(i) === g_low ? mod(factor * at(g_of, i % half)) : 0n));
      const h = (hs ?? []).map((factor, i) => (low(i) !== g_low ? mod(factor * at(h_of, i % half)) : 0n));
      return required(group.sum({ bits, g, h, basepoint: mod(q * innerProduct(g_of, h_of)), blinding: 0n, points: [] }));
    };
    const l = cross(a_l, b_r, false);
    yield;
    const r = cross(a_r, b_l, true);
    yield;
    L.push(l);
    R.push(r);
    transcript.append("L", l);
    transcript.append("R", r);
    const u = transcript.challenge("u");
    const inverse = invert(u);
    a = a_l.map((one, i) => mod(one * u + inverse * at(a_r, i)));
    b = b_l.map((one, i) => mod(one * inverse + u * at(b_r, i)));
    gs = (gs ?? []).map((factor, i) => mod(factor * (low(i) ? inverse : u)));
    hs = (hs ?? []).map((factor, i) => mod(factor * (low(i) ? u : inverse)));
  }
  return { L, R, a: at(a, 0), b: at(b, 0) };
}

/**
 * The proof's bytes. The transcript has said what the proof is about. Yields between sums, so that a caller with others to serve may look away.
 * Throws `RangeError` for a number that does not fit.
 */
export function* proveRange(group: RangeGroup, transcript: Transcript, range: RangeToProve, secrets: Secrets): Generator<void, Uint8Array> {
  const { bits: n, openings } = range;
  const set = bitsOf(range);
  const size = set.length;
  beginRange(transcript, n, openings.map((opening) => commit(group, opening)));
  const [a_blinding = 0n, s_blinding = 0n, t1_blinding = 0n, t2_blinding = 0n] = secrets("blindings", 4);
  const [s_l, s_r] = [secrets("s_L", size), secrets("s_R", size)];
  const A = required(group.sum({ bits: n, g: set, h: set.map((bit) => mod(bit - 1n)), basepoint: 0n, blinding: a_blinding, points: [] }));
  yield;
  const S = required(group.sum({ bits: n, g: s_l, h: s_r, basepoint: 0n, blinding: s_blinding, points: [] }));
  yield;
  transcript.append("A", A);
  transcript.append("S", S);
  const [y, z] = [transcript.challenge("y"), transcript.challenge("z")];
  const { l0, l1, r0, r1 } = polynomials(n, set, s_l, s_r, y, z);
  const [t1, t2] = [mod(innerProduct(l0, r1) + innerProduct(l1, r0)), innerProduct(l1, r1)];
  const T1 = commit(group, { value: t1, blinding: t1_blinding });
  const T2 = commit(group, { value: t2, blinding: t2_blinding });
  transcript.append("T_1", T1);
  transcript.append("T_2", T2);
  const x = transcript.challenge("x");
  const l = l0.map((one, i) => mod(one + at(l1, i) * x));
  const r = r0.map((one, i) => mod(one + at(r1, i) * x));
  const z_powers = powers(z, openings.length);
  const t_x = innerProduct(l, r);
  const t_x_blinding = mod(sum(openings.map(({ blinding }, j) => z * z * at(z_powers, j) * blinding)) + x * t1_blinding + x * x * t2_blinding);
  const e_blinding = mod(a_blinding + x * s_blinding);
  transcript.appendScalar("t_x", t_x);
  transcript.appendScalar("t_x_blinding", t_x_blinding);
  transcript.appendScalar("e_blinding", e_blinding);
  const w = transcript.challenge("w");
  const folded = yield* fold(group, transcript, n, l, r, powers(invert(y), size), w);
  return encodeProof({ A, S, T1, T2, t_x, t_x_blinding, e_blinding, ...folded });
}
