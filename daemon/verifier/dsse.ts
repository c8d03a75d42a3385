import { sha256 } from "@noble/hashes/sha2.js";
import { DSSE_PAYLOAD_TYPE, type HashedRekord } from "../../proto/attestation.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { concatBytes, toBase64, utf8 } from "../../proto/encoding.ts";

/** DSSE v1 pre-authentication encoding: what a signature is over. Lengths are decimal byte counts. */
export function preAuthEncoding(payload: Uint8Array, payloadType: string = DSSE_PAYLOAD_TYPE): Uint8Array {
  const type = utf8(payloadType);
  return concatBytes(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/**
 * The log entry that stands for one DSSE signature: a Rekor v2 `hashedrekord`
 * 0.0.2 in RFC 8785 form. Other verifiers rebuild it from the bundle, so it
 * has to be these bytes exactly; the digest is over the pre-authentication
 * encoding, not the payload.
 */
export function logEntryBody(signed: Uint8Array, signature: Uint8Array, spki: Uint8Array): Uint8Array {
  const entry: HashedRekord = {
    apiVersion: "0.0.2",
    kind: "hashedrekord",
    spec: {
      hashedRekordV002: {
        data: { algorithm: "SHA2_256", digest: toBase64(sha256(signed)) },
        signature: {
          content: toBase64(signature),
          verifier: { keyDetails: "PKIX_ECDSA_P256_SHA_256", publicKey: { rawBytes: toBase64(spki) } },
        },
      },
    },
  };
  return canonicalBytes(entry);
}
