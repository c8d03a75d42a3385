/**
 * Verification of one aggregated Bulletproofs range proof in dalek's form (Bünz et al., "Bulletproofs", section 4.2 and 6):
 * every committed number lies in [0, 2^n). All checks are one sum of points that must vanish.
 */
import { equalBytes, utf8 } from "../../../proto/encoding.ts";
import { RANGE_PARTIES_MAX } from "../../../proto/range.ts";
import { IDENTITY, isRangeBits, roundsOf, type RangeProof } from "./proof.ts";
import type { RangeGroup } from "../../../kernels/ristretto/index.ts";
import { invert, mod, powers, sum } from "./scalars.ts";
import type { Transcript } from "./transcript.ts";

/** The openings `y, z, x, w` and those of the inner-product argument, with the domain separation of n and m. */
interface Challenges {
  readonly y: bigint;
  readonly z: bigint;
  readonly x: bigint;
  readonly w: bigint;
  readonly rounds: readonly bigint[];
  /** Weight that joins the two equations into one; drawn after everything the prover says. */
  readonly c: bigint;
}

/** Also used by the prover, which says the same in the same order. */
export function beginRange(transcript: Transcript, n: number, commitments: readonly Uint8Array[]): void {
  transcript.append("dom-sep", utf8("rangeproof v1"));
  transcript.appendCount("n", n);
  transcript.appendCount("m", commitments.length);
  for (const commitment of commitments) transcript.append("V", commitment);
}

export function beginInnerProduct(transcript: Transcript, n: number): void {
  transcript.append("dom-sep", utf8("ipp v1"));
  transcript.appendCount("n", n);
}

function replay(transcript: Transcript, n: number, commitments: readonly Uint8Array[], proof: RangeProof): Challenges {
  beginRange(transcript, n, commitments);
  transcript.append("A", proof.A);
  transcript.append("S", proof.S);
  const y = transcript.challenge("y");
  const z = transcript.challenge("z");
  transcript.append("T_1", proof.T1);
  transcript.append("T_2", proof.T2);
  const x = transcript.challenge("x");
  transcript.appendScalar("t_x", proof.t_x);
  transcript.appendScalar("t_x_blinding", proof.t_x_blinding);
  transcript.appendScalar("e_blinding", proof.e_blinding);
  const w = transcript.challenge("w");
  beginInnerProduct(transcript, n * commitments.length);
  const rounds = proof.L.map((left, i) => {
    transcript.append("L", left);
    transcript.append("R", proof.R[i] ?? IDENTITY);
    return transcript.challenge("u");
  });
  transcript.appendScalar("a", proof.a);
  transcript.appendScalar("b", proof.b);
  return { y, z, x, w, rounds, c: transcript.challenge("c") };
}

/** `s[i]` is the product of `u_j` or its inverse for each bit of i, most significant first (section 3.1). */
function foldedScalars(rounds: readonly bigint[], inverses: readonly bigint[]): bigint[] {
  let s = [mod(inverses.reduce((product, inverse) => mod(product * inverse), 1n))];
  for (const u of [...rounds].reverse()) {
    const square = mod(u * u);
    s = [...s, ...s.map((one) => mod(one * square))];
  }
  return s;
}

/** The polynomial's constant term that does not hang on the numbers: `(z - z²)·<1, y> - z³·<1, 2^n>·<1, z>`. */
function delta(n: number, m: number, y: bigint, z: bigint): bigint {
  const ones = 2n ** BigInt(n) - 1n;
  return mod((z - z * z) * sum(powers(y, n * m)) - z * z * z * ones * sum(powers(z, m)));
}

/** Identity points would let a prover leave out what they stand for. */
function sound(n: number, commitments: readonly Uint8Array[], proof: RangeProof): boolean {
  const m = commitments.length;
  if (!isRangeBits(n) || m < 1 || m > RANGE_PARTIES_MAX || !Number.isInteger(Math.log2(m))) return false;
  if (proof.L.length !== roundsOf(n, m) || proof.R.length !== proof.L.length) return false;
  return [proof.A, proof.S, proof.T1, proof.T2, ...proof.L, ...proof.R].every((point) => !equalBytes(point, IDENTITY));
}

/**
 * Whether `proof` shows each commitment to be of a number in [0, 2^n). The transcript says first what the proof is about. False for anything
 * that is not a proof; throws on nothing.
 */
export function verifyRange(group: RangeGroup, transcript: Transcript, n: number, commitments: readonly Uint8Array[], proof: RangeProof): boolean {
  if (!sound(n, commitments, proof)) return false;
  const m = commitments.length;
  const { y, z, x, w, rounds, c } = replay(transcript, n, commitments, proof);
  if ([y, z, x, w, c, ...rounds].includes(0n)) return false;
  const { t_x, t_x_blinding, e_blinding, a, b } = proof;
  const inverses = rounds.map(invert);
  const s = foldedScalars(rounds, inverses);
  const zz = mod(z * z);
  const z_powers = powers(z, m);
  const y_inverses = powers(invert(y), n * m);
  const reversed = [...s].reverse();
  const h = reversed.map((one, i) => {
    const two = mod((z_powers[Math.floor(i / n)] ?? 0n) << BigInt(i % n));
    return mod(z + (y_inverses[i] ?? 0n) * mod(zz * two - b * one));
  });
  const total = group.sum({
    bits: n,
    g: s.map((one) => mod(-z - a * one)),
    h,
    basepoint: mod(w * (t_x - a * b) + c * (delta(n, m, y, z) - t_x)),
    blinding: mod(-e_blinding - c * t_x_blinding),
    points: [
      { point: proof.A, scalar: 1n },
      { point: proof.S, scalar: x },
      { point: proof.T1, scalar: mod(c * x) },
      { point: proof.T2, scalar: mod(c * x * x) },
      ...proof.L.map((point, i) => ({ point, scalar: mod((rounds[i] ?? 0n) ** 2n) })),
      ...proof.R.map((point, i) => ({ point, scalar: mod((inverses[i] ?? 0n) ** 2n) })),
      ...commitments.map((point, i) => ({ point, scalar: mod(c * zz * (z_powers[i] ?? 0n)) })),
    ],
  });
  return total !== null && equalBytes(total, IDENTITY);
}
