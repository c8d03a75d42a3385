/**
 * The slow twin, for tests only: RFC 6962 section 2.1 word for word, recursive,
 * over lists of whole leaves, with a third party's SHA-256. Shares no code with
 * the kernel; sizes are small, so the 32-bit operators are fine here.
 */
import { createHash } from "node:crypto";

type Bytes = Uint8Array;

const HASH = (...parts: Bytes[]): Bytes => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

/** "k is the largest power of two smaller than n" */
const k = (n: number): number => {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
};

const join = (l: Bytes, r: Bytes): Bytes => HASH(Uint8Array.of(1), l, r);

/** 2.1: MTH(D[n]) */
export function MTH(D: readonly Bytes[]): Bytes {
  const [only] = D;
  if (only === undefined) return HASH();
  if (D.length === 1) return HASH(Uint8Array.of(0), only);
  return join(MTH(D.slice(0, k(D.length))), MTH(D.slice(k(D.length))));
}

/** 2.1.1: PATH(m, D[n]) */
export function PATH(m: number, D: readonly Bytes[]): Bytes[] {
  const n = D.length;
  if (n === 1) return [];
  if (m < k(n)) return [...PATH(m, D.slice(0, k(n))), MTH(D.slice(k(n)))];
  return [...PATH(m - k(n), D.slice(k(n))), MTH(D.slice(0, k(n)))];
}

/** 2.1.2: PROOF(m, D[n]) */
export const PROOF = (m: number, D: readonly Bytes[]): Bytes[] => SUBPROOF(m, D, true);

function SUBPROOF(m: number, D: readonly Bytes[], b: boolean): Bytes[] {
  const n = D.length;
  if (m === n) return b ? [] : [MTH(D)];
  if (m <= k(n)) return [...SUBPROOF(m, D.slice(0, k(n)), b), MTH(D.slice(k(n)))];
  return [...SUBPROOF(m - k(n), D.slice(k(n)), false), MTH(D.slice(0, k(n)))];
}

/** draft-ietf-plants-merkle-tree-certs: SUBTREE_PROOF(start, end, D_n), for a valid subtree. */
export const SUBTREE_PROOF = (start: number, end: number, D: readonly Bytes[]): Bytes[] => SUBTREE_SUBPROOF(start, end, D, true);

function SUBTREE_SUBPROOF(start: number, end: number, D: readonly Bytes[], b: boolean): Bytes[] {
  const n = D.length;
  if (start === 0 && end === n) return b ? [] : [MTH(D)];
  const s = k(n);
  if (end <= s) return [...SUBTREE_SUBPROOF(start, end, D.slice(0, s), b), MTH(D.slice(s))];
  if (s <= start) return [...SUBTREE_SUBPROOF(start - s, end - s, D.slice(s), b), MTH(D.slice(0, s))];
  return [...SUBTREE_SUBPROOF(0, end - s, D.slice(s), false), MTH(D.slice(0, s))];
}
