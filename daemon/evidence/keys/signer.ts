import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { MaestroError } from "../../../proto/errors.ts";
import type { KeyAlgorithm } from "../../../proto/trust.ts";
import { computedEd25519Key, publicKeyFromSpki, type PublicKey } from "../../verifier/keys.ts";

export interface Signer {
  readonly key: PublicKey;
  /** Signs exactly these bytes: DER with low s for P-256, 64 bytes for Ed25519. */
  sign(message: Uint8Array): Uint8Array;
}

/** A fresh private key as PKCS #8 PEM. */
export function generatePrivateKey(algorithm: KeyAlgorithm): string {
  const pair = algorithm === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/**
 * OpenSSL picks either of the two signatures (r, s) and (r, n-s) that verify
 * alike. We write the lower one, the only one our verifier takes.
 */
function signP256(key: KeyObject, message: Uint8Array): Uint8Array {
  const compact = sign("sha256", message, { key, dsaEncoding: "ieee-p1363" });
  const { r, s } = p256.Signature.fromBytes(new Uint8Array(compact), "compact");
  const order = p256.Point.Fn.ORDER;
  return new p256.Signature(r, s > order / 2n ? order - s : s).toBytes("der");
}

/**
 * An Ed25519 file holds the seed alone, so its public half was computed just now. One of P-256 carries its public half along, which may be
 * anything, and is looked at.
 */
function publicHalf(algorithm: KeyAlgorithm, secret: KeyObject): PublicKey | null {
  const half = createPublicKey(secret);
  if (algorithm === "ed25519" && secret.asymmetricKeyType === "ed25519") return computedEd25519Key(new Uint8Array(Buffer.from(half.export({ format: "jwk" }).x ?? "", "base64url")));
  return publicKeyFromSpki(algorithm, new Uint8Array(half.export({ format: "der", type: "spki" })));
}

/** The private key stays in node:crypto, whose arithmetic is constant-time; only the public half leaves it. */
export function signerFromPem(algorithm: KeyAlgorithm, pem: string, name: string): Signer {
  const refused = (because: string, cause?: unknown) => new MaestroError("evidence.keys", `${name}: ${because}`, { cause });
  let secret: KeyObject;
  try {
    secret = createPrivateKey(pem);
  } catch (cause) {
    throw refused("not a PKCS #8 private key", cause);
  }
  const key = publicHalf(algorithm, secret);
  if (key === null) throw refused(`not a key for ${algorithm}`);
  return {
    key,
    sign: (message) => (algorithm === "ed25519" ? new Uint8Array(sign(null, message, secret)) : signP256(secret, message)),
  };
}
