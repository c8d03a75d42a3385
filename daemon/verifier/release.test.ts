/** A release as evidence: the real builder over keys of the test, then each part exchanged for a plausible other one. */
import { expect, test } from "bun:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { STATEMENT_TYPE, type ReleaseStatement } from "../../proto/attestation.ts";
import { canonicalBytes, canonicalText } from "../../proto/canonical.ts";
import { toHex } from "../../proto/encoding.ts";
import { RELEASE_PREDICATE, type Release } from "../../proto/release.ts";
import { signStatement, sigstoreBundle } from "../evidence/attest/index.ts";
import { newRing, NOW, receiptFor, trustWith } from "../testing/evidence.ts";
import { FakeSecurityKey } from "../testing/ssh.ts";
import { asking, newWitness } from "../testing/witnesses.ts";
import { isReleaseBundle, openTrust, verifyRelease } from "./index.ts";
import { parseSshKey } from "./ssh-key.ts";

const ring = newRing();
const key = new FakeSecurityKey();

function trustOf(bytes: Uint8Array) {
  const opened = openTrust(bytes);
  if (!opened.ok) throw new Error(opened.reason.detail);
  return opened.value;
}
const trust = trustOf(ring.trust);

const REQUEST: Release["request"] = {
  type: "maestro.release-request", v: 1, kind: "approve", trust_domain: trust.trust_domain, mode: "local", repo_id: "local:7:demo", target_ref: "refs/heads/main", head: "2".repeat(40),
  gate_id: `gate:${"a".repeat(52)}`, attempt: 1, reasons: [{ rule: "ci.changed", effect: "hold", fingerprints: [toHex(sha256(new Uint8Array()))] }],
  person: "carol", reason: "read it", expires: null, second_of: null, nonce: "b".repeat(26), answer_until: "2026-11-22T10:10:00Z",
};

function made(change: (release: Release) => Release = (same) => same, subject = REQUEST.head): Uint8Array {
  const signature = key.sign(canonicalText(REQUEST));
  const release = change({ request: REQUEST, proof: { by: "ssh-key", fingerprint: parseSshKey(key.line)!.fingerprint, public_key: key.line, presence: "touch", signature }, at: "2026-11-22T09:59:00Z" });
  const statement: ReleaseStatement = { _type: STATEMENT_TYPE, subject: [{ name: "git:head", digest: { gitCommit: subject } }], predicateType: RELEASE_PREDICATE, predicate: release };
  const signed = signStatement(statement, ring.gate);
  return canonicalBytes(sigstoreBundle(signed, receiptFor(ring, signed.entry)));
}

const codeOf = (bytes: Uint8Array, against = trust, now = NOW): string => {
  const verified = verifyRelease(bytes, against, now);
  return verified.result === "verified" ? "verified" : verified.reason.code;
};
const proof = (change: Partial<Extract<Release["proof"], { by: "ssh-key" }>>) => (release: Release): Release => ({ ...release, proof: { ...(release.proof as Extract<Release["proof"], { by: "ssh-key" }>), ...change } });

test("a sound release verifies, with every word of it from signed bytes", () => {
  const bytes = made();
  expect(isReleaseBundle(bytes)).toBe(true);
  expect(verifyRelease(bytes, trust, NOW)).toMatchObject({ result: "verified", release: { request: REQUEST } });
});

test("attack: a node puts a person's name to what they did not sign", () => {
  expect(codeOf(made((release) => ({ ...release, request: { ...release.request, person: "alice" } })))).toBe("release.proof");
  expect(codeOf(made((release) => ({ ...release, request: { ...release.request, head: "3".repeat(40) } }), "3".repeat(40)))).toBe("release.proof");
  expect(codeOf(made(proof({ signature: key.sign(canonicalText(REQUEST), { touched: false }) })))).toBe("release.proof");
  expect(codeOf(made(proof({ signature: new FakeSecurityKey().sign(canonicalText(REQUEST)) })))).toBe("release.proof");
  expect(codeOf(made(proof({ presence: "passphrase" })))).toBe("release.proof");
});

test("another head as subject, an answer after its end, another domain, a key that may not say it, a stranger's key", () => {
  expect(codeOf(made(undefined, "3".repeat(40)))).toBe("statement.subject");
  expect(codeOf(made((release) => ({ ...release, at: "2026-11-22T10:10:01Z" })))).toBe("statement.time");
  expect(codeOf(made(), trust, new Date("2026-11-22T09:00:00Z"))).toBe("statement.time");
  expect(codeOf(made(), { ...trust, trust_domain: "other.example.org" })).toBe("signer.domain");
  const without = trustOf(trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, predicate_types: line.predicate_types.filter((type) => type !== RELEASE_PREDICATE) })) })));
  expect(codeOf(made(), without)).toBe("signer.predicate");
  expect(verifyRelease(made(), trustOf(newRing().trust), NOW)).toMatchObject({ result: "unknown_signer" });
});

test("no byte of it can be changed", () => {
  const bytes = made();
  let verified = 0;
  for (let i = 0; i < bytes.length; i += 41) {
    const flipped = bytes.slice();
    flipped[i]! ^= 1;
    if (verifyRelease(flipped, trust, NOW).result === "verified") verified++;
  }
  expect(verified).toBe(0);
});

test("attack: a release whose checkpoint no witness saw, under a trust file that asks for two of three: refused; before they can have answered it is said to be pending", () => {
  const witnesses = ["a", "b", "c"].map((name) => newWitness(`witness.example/${name}`));
  const asked = trustOf(trustWith(ring, asking(2, witnesses)));
  expect(codeOf(made(), asked)).toBe("log.witnesses");
  expect(verifyRelease(made(), asked, NOW, "later")).toMatchObject({ result: "verified", witnesses: { quorum: 2, of: 3, names: [], pending: true } });
});
