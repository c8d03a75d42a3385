/** Keys of strangers: PEM files, and signatures read as Sigstore's own specification says. */
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64, fromUtf8 } from "../../../proto/encoding.ts";
import { publicKeyFromSpki, type PublicKey } from "../keys.ts";
import { verifySignature } from "../signature.ts";

const PEM = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----/g;
const PEM_BYTES_MAX = 16 * 1024;

/** The one public key of a PEM file, or why there is none: an algorithm that is not read here is no fault of the file. */
export function readPublicKey(pem: Uint8Array): { readonly key: PublicKey } | { readonly because: string; readonly unread: boolean } {
  const text = pem.length > PEM_BYTES_MAX ? null : fromUtf8(pem);
  const [first, second] = text === null ? [] : [...text.matchAll(PEM)];
  if (first === undefined) return { because: `no PUBLIC KEY block in the first ${PEM_BYTES_MAX} bytes`, unread: false };
  if (second !== undefined) return { because: "more than one public key", unread: false };
  const spki = fromBase64((first[1] ?? "").replace(/\s+/g, ""));
  if (spki === null) return { because: "the key is not base64", unread: false };
  const key = publicKeyFromSpki("ecdsa-p256-sha256", spki);
  if (key !== null) return { key };
  // 91 bytes is the length of a P-256 key with its parameters: what fails there is damaged, and no other algorithm.
  return spki.length === 91 ? { because: "the key is no point of P-256", unread: false } : { because: "only ECDSA P-256 keys are judged here", unread: true };
}

/**
 * ECDSA over a digest, s in either half: the rule of Sigstore's signers, where
 * ours is narrower. A respelled signature is another log entry and is found there.
 */
export function verifyForeignDigest(key: PublicKey, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    return p256.verify(signature, digest, key.raw, { format: "der", prehash: false, lowS: false });
  } catch {
    // The library throws a bare Error for bytes that are no DER signature; those verify nothing.
    return false;
  }
}

/** A log's signature over a message: ECDSA as above, Ed25519 by the one rule of the house. */
export function verifyForeignMessage(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return key.algorithm === "ed25519" ? verifySignature(key, message, signature) : verifyForeignDigest(key, sha256(message), signature);
}
