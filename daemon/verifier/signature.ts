import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { equalBytes } from "../../proto/encoding.ts";
import type { PublicKey } from "./keys.ts";

/** Whether a DER signature over SHA-256 of the message is valid by SEC 1 section 4.1.4; which spellings of it pass is decided before. */
export type P256Builtin = (key: PublicKey, message: Uint8Array, signature: Uint8Array) => boolean;

let builtinP256: P256Builtin | null = null;

/** As `adoptEd25519`: one verification then takes a tenth of the time, and a daemon looks at each signature it makes. */
export function adoptP256(verify: P256Builtin | null): void {
  builtinP256 = verify;
}

/**
 * ECDSA P-256 with SHA-256: strict DER and s in the lower half. Every valid
 * (r, s) has a twin (r, n-s); taking one of them leaves one signature per
 * signing, so nobody can respell a bundle. Our signer writes the lower one;
 * other verifiers accept both.
 */
function verifyP256(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const parsed = p256.Signature.fromBytes(signature, "der");
    if (!equalBytes(parsed.toBytes("der"), signature)) return false;
    if (builtinP256 !== null) return !parsed.hasHighS() && builtinP256(key, message, signature);
    return p256.verify(signature, message, key.raw, { format: "der", prehash: true, lowS: true });
  } catch {
    // The library throws a bare Error for bytes that are no DER signature; those verify nothing.
    return false;
  }
}

/** Whether a 64-byte signature is valid by RFC 8032 without cofactor: s < L, and the encoding of sB - kA is R byte for byte. */
export type Ed25519Builtin = (key: PublicKey, message: Uint8Array, signature: Uint8Array) => boolean;

let builtin: Ed25519Builtin | null = null;

/** From here on this process asks `verify` for the equation, which is 40 ms sooner in one that has just begun; `null` takes it back. */
export function adoptEd25519(verify: Ed25519Builtin | null): void {
  builtin = verify;
}

/** RFC 8032 section 5.1.2: y = 1, x = 0. */
const isIdentity = (point: Uint8Array): boolean => point[0] === 1 && point.subarray(1).every((byte) => byte === 0);

/**
 * Ed25519, the one rule of the house: canonical encodings, s < L, key and R in
 * the prime-order subgroup and not the identity. There cofactored and
 * cofactorless verifiers agree, so whatever passes here passes everywhere.
 *
 * A builtin decides the same: the key is in the subgroup because `keys.ts` makes
 * no other, so sB - kA is too, and R is its encoding; only the identity is left.
 */
function verifyEd25519(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  if (builtin !== null) return !isIdentity(signature.subarray(0, 32)) && builtin(key, message, signature);
  try {
    const r = ed25519.Point.fromBytes(signature.slice(0, 32));
    if (r.isSmallOrder() || !r.isTorsionFree()) return false;
    return ed25519.verify(signature, message, key.raw, { zip215: false });
  } catch {
    // The library throws a bare Error where R is no point of the curve.
    return false;
  }
}

/** Whether `signature` is this key's over exactly `message`. Total: any bytes may be given. */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return key.algorithm === "ed25519" ? verifyEd25519(key, message, signature) : verifyP256(key, message, signature);
}
