/** Read with plain JSON and node:crypto, as somebody else's verifier would, so that our own cannot agree with itself on a mistake. */
import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { SigstoreBundle } from "../../../proto/attestation.ts";
import { fromUtf8, utf8 } from "../../../proto/encoding.ts";
import { makeBundle, newRing, receiptFor, SAMPLE_IDENTITY } from "../../testing/evidence.ts";
import { preAuthEncoding } from "../../verifier/dsse.ts";
import { subjectsOf } from "../../verifier/statement.ts";
import { signStatement, sigstoreBundle } from "./index.ts";

interface Attestation {
  mediaType: string;
  verificationMaterial: {
    publicKey: { hint: string };
    tlogEntries: [{ logIndex: string; logId: { keyId: string }; inclusionProof: { treeSize: string; checkpoint: { envelope: string } }; canonicalizedBody: string }];
  };
  dsseEnvelope: { payload: string; payloadType: string; signatures: [{ sig: string; keyid: string }] };
}

const ring = newRing();
const { attestations } = JSON.parse(fromUtf8(makeBundle(ring)) ?? "") as { attestations: [Attestation] };
const [attestation] = attestations;
const [tlog] = attestation.verificationMaterial.tlogEntries;
const [{ sig, keyid }] = attestation.dsseEnvelope.signatures;
const payload = Buffer.from(attestation.dsseEnvelope.payload, "base64");
const signed = Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload]);

test("pre-authentication encoding is the specification's example", () => {
  expect(fromUtf8(preAuthEncoding(utf8("hello world"), "http://example.com/HelloWorld"))).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
});

describe("the attestation", () => {
  test("is an in-toto statement signed over its pre-authentication encoding", () => {
    const key = createPublicKey({ key: Buffer.from(ring.gate.key.spki), format: "der", type: "spki" });
    expect(verify("sha256", signed, key, Buffer.from(sig, "base64"))).toBe(true);
    const statement = JSON.parse(payload.toString()) as Record<string, unknown>;
    expect(statement["_type"]).toBe("https://in-toto.io/Statement/v1");
    expect(statement["predicateType"]).toBe("urn:maestro:predicate:obligations:v1");
  });

  test("is a Sigstore bundle v0.3 whose hint is the envelope's keyid", () => {
    expect(attestation.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    expect(attestation.verificationMaterial.publicKey.hint).toBe(keyid);
    expect(keyid).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  test("stands in the log as a canonical hashedrekord 0.0.2 over that encoding", () => {
    const digest = createHash("sha256").update(signed).digest("base64");
    const rawBytes = Buffer.from(ring.gate.key.spki).toString("base64");
    expect(Buffer.from(tlog.canonicalizedBody, "base64").toString()).toBe(
      `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"${digest}"},` +
        `"signature":{"content":"${sig}","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${rawBytes}"}}}}}}`,
    );
  });

  test("names the log by the full hash of origin and key, under a checkpoint node:crypto verifies", () => {
    const logId = createHash("sha256").update(`${ring.origin}\n`).update(Buffer.of(1)).update(ring.log.key.raw).digest();
    expect(tlog.logId.keyId).toBe(logId.toString("base64"));
    const [text = "", line = ""] = tlog.inclusionProof.checkpoint.envelope.split("\n\n");
    const blob = Buffer.from(line.trim().split(" ")[2] ?? "", "base64");
    expect(blob.subarray(0, 4)).toEqual(logId.subarray(0, 4));
    const key = createPublicKey({ key: Buffer.from(ring.log.key.spki), format: "der", type: "spki" });
    expect(verify(null, Buffer.from(`${text}\n`), key, blob.subarray(4))).toBe(true);
    expect(text.split("\n").slice(0, 2)).toEqual([ring.origin, tlog.inclusionProof.treeSize]);
  });
});

test("subjects are the head commit, and the tree where it was hashed", () => {
  expect(subjectsOf(SAMPLE_IDENTITY)).toEqual([
    { name: "git:head", digest: { gitCommit: "2".repeat(40) } },
    { name: "git:merged-tree", digest: { sha256: "4".repeat(64) } },
  ]);
  expect(subjectsOf({ ...SAMPLE_IDENTITY, tree_sha256: null })).toHaveLength(1);
});

test("what is signed fits the contract's schema", () => {
  const statement = JSON.parse(payload.toString()) as Parameters<typeof signStatement>[0];
  const again = signStatement(statement, ring.gate);
  expect(again.envelope.payload).toBe(attestation.dsseEnvelope.payload);
  expect(Value.Check(SigstoreBundle, sigstoreBundle(again, receiptFor(ring, again.entry)))).toBe(true);
});
