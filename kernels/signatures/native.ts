/** The equations of both signature algorithms by the runtime's own library. Which encodings come this far is the verifier's word (decision 13). */
import { createPublicKey, verify, type KeyObject } from "node:crypto";

/** A public key as DER, whose point was looked at before. */
interface Key {
  readonly spki: Uint8Array;
}

const keyOf = ({ spki }: Key): KeyObject => createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });

export const nativeEd25519 = (key: Key, message: Uint8Array, signature: Uint8Array): boolean => verify(null, message, keyOf(key), signature);

/** ECDSA with SHA-256. */
export const nativeP256 = (key: Key, message: Uint8Array, signature: Uint8Array): boolean => verify("sha256", message, keyOf(key), signature);
