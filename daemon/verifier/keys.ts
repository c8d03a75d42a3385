import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes, fromHex, toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import type { KeyAlgorithm } from "../../proto/trust.ts";

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** Uncompressed point (65 bytes) for P-256, RFC 8032 encoding (32 bytes) for Ed25519. */
  readonly raw: Uint8Array;
  /** SubjectPublicKeyInfo, DER: the form other tools read. */
  readonly spki: Uint8Array;
  readonly fingerprint: string;
}

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();

// A key of one algorithm has one SPKI spelling: these bytes, then the key (RFC 5480 section 2, RFC 8410 section 4).
const SPKI_PREFIX: Record<KeyAlgorithm, Uint8Array> = {
  "ecdsa-p256-sha256": hex("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
  ed25519: hex("302a300506032b6570032100"),
};
const RAW_BYTES: Record<KeyAlgorithm, number> = { "ecdsa-p256-sha256": 65, ed25519: 32 };

/** RFC 4251 section 5 "string": length in four bytes, then the bytes. */
function sshString(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

function sshWireKey(algorithm: KeyAlgorithm, raw: Uint8Array): Uint8Array {
  if (algorithm === "ed25519") return concatBytes(sshString(utf8("ssh-ed25519")), sshString(raw)); // RFC 8709 section 4
  return concatBytes(sshString(utf8("ecdsa-sha2-nistp256")), sshString(utf8("nistp256")), sshString(raw)); // RFC 5656 section 3.1
}

/** `SHA256:` and unpadded base64 of SHA-256 over the SSH wire form: what `ssh-keygen -l` prints and cosign takes as keyid. */
export function keyFingerprint(algorithm: KeyAlgorithm, raw: Uint8Array): string {
  return `SHA256:${toBase64(sha256(sshWireKey(algorithm, raw))).replace(/=+$/, "")}`;
}

function isUsablePoint(algorithm: KeyAlgorithm, raw: Uint8Array): boolean {
  try {
    if (algorithm === "ed25519") {
      const point = ed25519.Point.fromBytes(raw);
      return !point.isSmallOrder() && point.isTorsionFree();
    }
    p256.Point.fromBytes(raw).assertValidity();
    return raw[0] === 4;
  } catch {
    // Both libraries throw a bare Error for bytes that are no point of the curve.
    return false;
  }
}

/** Keys found usable, by their spelling. A daemon reads its own from three files, and to look at a point costs 10 ms in a process that has just begun. */
const known = new Map<string, PublicKey>();
const KNOWN_MAX = 64;

/** The key of raw bytes; `null` where they are not a point of the curve, or one that would make signatures meaningless. */
export function publicKeyFromRaw(algorithm: KeyAlgorithm, raw: Uint8Array): PublicKey | null {
  if (raw.length !== RAW_BYTES[algorithm]) return null;
  const name = `${algorithm} ${toHex(raw)}`;
  const before = known.get(name);
  // Copies: whoever asked before may have written into what it was given.
  if (before !== undefined) return { ...before, raw: before.raw.slice(), spki: before.spki.slice() };
  return isUsablePoint(algorithm, raw) ? remembered(algorithm, raw) : null;
}

function remembered(algorithm: KeyAlgorithm, raw: Uint8Array): PublicKey {
  const name = `${algorithm} ${toHex(raw)}`;
  const key = { algorithm, raw, spki: concatBytes(SPKI_PREFIX[algorithm], raw), fingerprint: keyFingerprint(algorithm, raw) };
  if (known.size < KNOWN_MAX) known.set(name, { ...key, raw: new Uint8Array(raw), spki: key.spki.slice() });
  return key;
}

/**
 * The Ed25519 key of bytes that a library just computed from a private seed. Such a point is a multiple of the base point by a clamped scalar
 * (RFC 8032 section 5.1.5), so there is nothing to look at; never for bytes that came from elsewhere.
 */
export function computedEd25519Key(raw: Uint8Array): PublicKey {
  if (raw.length !== RAW_BYTES.ed25519) throw new RangeError(`an Ed25519 key has ${RAW_BYTES.ed25519} bytes`);
  return remembered("ed25519", raw);
}

export function publicKeyFromSpki(algorithm: KeyAlgorithm, spki: Uint8Array): PublicKey | null {
  const prefix = SPKI_PREFIX[algorithm];
  if (!equalBytes(spki.subarray(0, prefix.length), prefix)) return null;
  return publicKeyFromRaw(algorithm, spki.slice(prefix.length));
}
