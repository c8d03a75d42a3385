/**
 * A mock of Rekor's two interfaces for tests, and nothing else: a tree of one
 * entry, made anew for each. The bodies, checkpoints and promises are of the
 * real forms, so that a real verifier accepts them.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { canonicalBytes } from "../../../../proto/canonical.ts";
import { concatBytes, toBase64, toHex, utf8 } from "../../../../proto/encoding.ts";

const sha256 = (...parts: Uint8Array[]): Uint8Array => createHash("sha256").update(concatBytes(...parts)).digest();

interface Proof {
  readonly root: Uint8Array;
  readonly checkpoint: string;
}

class OneEntryLog {
  readonly log_id: Uint8Array;

  constructor(
    readonly host: string,
    private readonly key: KeyObject,
    readonly spki: Buffer,
    private readonly hash: "sha256" | null,
    log_id: Uint8Array,
  ) {
    this.log_id = log_id;
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(this.hash, message, this.key);
  }

  prove(body: Uint8Array): Proof {
    const root = sha256(Uint8Array.of(0), body);
    const note = `${this.host}\n1\n${toBase64(root)}\n`;
    const line = `\u2014 ${this.host} ${toBase64(concatBytes(this.log_id.subarray(0, 4), this.sign(utf8(note))))}\n`;
    return { root, checkpoint: `${note}\n${line}` };
  }
}

export interface MockLog {
  readonly host: string;
  readonly spki: Buffer;
  readonly log_id: Uint8Array;
  readonly key_details: "PKIX_ECDSA_P256_SHA_256" | "PKIX_ED25519";
  /** What a POST of `body` is answered. */
  answer(body: unknown): unknown;
}

interface ProposedV1 {
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly [string] } };
}

/** Version 1: ECDSA, entries of kind `dsse`, a promise with a time. */
export function mockRekorV1(host: string, now_s: () => number): MockLog {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const log = new OneEntryLog(host, privateKey, spki, "sha256", sha256(spki));
  return {
    host,
    spki,
    log_id: log.log_id,
    key_details: "PKIX_ECDSA_P256_SHA_256",
    answer(posted) {
      const { envelope, verifiers } = (posted as ProposedV1).spec.proposedContent;
      const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] };
      const body = canonicalBytes({
        apiVersion: "0.0.1",
        kind: "dsse",
        spec: {
          envelopeHash: { algorithm: "sha256", value: toHex(sha256(utf8(envelope))) },
          payloadHash: { algorithm: "sha256", value: toHex(sha256(Buffer.from(payload, "base64"))) },
          signatures: [{ signature: signatures[0]?.sig ?? "", verifier: verifiers[0] }],
        },
      });
      const { root, checkpoint } = log.prove(body);
      const integratedTime = now_s();
      const promise = log.sign(canonicalBytes({ body: toBase64(body), integratedTime, logID: toHex(log.log_id), logIndex: 0 }));
      return { [toHex(root)]: { body: toBase64(body), integratedTime, logID: toHex(log.log_id), logIndex: 0, verification: { signedEntryTimestamp: toBase64(promise), inclusionProof: { checkpoint, hashes: [], logIndex: 0, rootHash: toHex(root), treeSize: 1 } } } };
    },
  };
}

interface ProposedV2 {
  readonly hashedRekordRequestV002: { readonly digest: string; readonly signature: unknown };
}

/** Version 2: Ed25519, entries of kind `hashedrekord`, no time at all. */
export function mockRekorV2(host: string): MockLog {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const log_id = sha256(utf8(`${host}\n`), Uint8Array.of(1), spki.subarray(-32));
  const log = new OneEntryLog(host, privateKey, spki, null, log_id);
  return {
    host,
    spki,
    log_id,
    key_details: "PKIX_ED25519",
    answer(posted) {
      const { digest, signature } = (posted as ProposedV2).hashedRekordRequestV002;
      const body = canonicalBytes({ apiVersion: "0.0.2", kind: "hashedrekord", spec: { hashedRekordV002: { data: { algorithm: "SHA2_256", digest }, signature } } });
      const { root, checkpoint } = log.prove(body);
      return {
        logIndex: "0",
        logId: { keyId: toBase64(log_id) },
        kindVersion: { kind: "hashedrekord", version: "0.0.2" },
        inclusionProof: { logIndex: "0", rootHash: toBase64(root), treeSize: "1", hashes: [], checkpoint: { envelope: checkpoint } },
        canonicalizedBody: toBase64(body),
      };
    },
  };
}
