/** Numbers modulo the order of ristretto255. Not constant time: see docs/hidden-numbers.md. */

/** RFC 9496, section 4: the group's order. */
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
export const SCALAR_BYTES = 32;

export function mod(value: bigint): bigint {
  const rest = value % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

/** The inverse by the extended Euclidean algorithm. Requires a value that is not zero. */
export function invert(value: bigint): bigint {
  let [a, b] = [mod(value), ORDER];
  let [x, u] = [1n, 0n];
  if (a === 0n) throw new RangeError("zero has no inverse");
  while (a !== 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [x, u] = [u - quotient * x, x];
  }
  return mod(x);
}

/** Little endian, of any length. */
export function fromBytesLe(bytes: Uint8Array): bigint {
  let hex = "0x";
  for (let i = bytes.length - 1; i >= 0; i--) hex += (bytes[i] ?? 0).toString(16).padStart(2, "0");
  return bytes.length === 0 ? 0n : BigInt(hex);
}

export function toBytesLe(value: bigint, length: number = SCALAR_BYTES): Uint8Array {
  const out = new Uint8Array(length);
  let rest = value;
  for (let i = 0; i < length; i++) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}

/** A scalar as a proof writes it: 32 bytes below the order; null for anything else, so that no proof has two spellings. */
export function canonicalScalar(bytes: Uint8Array): bigint | null {
  const value = fromBytesLe(bytes);
  return bytes.length === SCALAR_BYTES && value < ORDER ? value : null;
}

/** `base^0, base^1, …`, `count` of them. */
export function powers(base: bigint, count: number): bigint[] {
  const out: bigint[] = [];
  let power = 1n;
  for (let i = 0; i < count; i++) {
    out.push(power);
    power = mod(power * base);
  }
  return out;
}

export function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return mod(total);
}

/** Of two vectors of one length. */
export function innerProduct(a: readonly bigint[], b: readonly bigint[]): bigint {
  let total = 0n;
  for (const [i, value] of a.entries()) total += value * (b[i] ?? 0n);
  return mod(total);
}
