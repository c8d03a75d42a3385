import { describe, expect, test } from "bun:test";
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bundle } from "../../proto/bundle.ts";
import { fromHex, toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import { trustFiles } from "../cli/export/trust-files.ts";
import { makeBundle, newRing } from "../testing/evidence.ts";
import { skipWithout } from "../testing/skip.ts";
import { preAuthEncoding } from "./dsse.ts";
import { noteKey } from "./note.ts";
import { verifySigstore, type SigstoreVerification } from "./sigstore.ts";
import { openTrust } from "./trust.ts";

const VECTORS = new URL("../../../shared/vectors/sigstore-bundles/test/assets/bundle-verify/", import.meta.url).pathname;
const missing = skipWithout(existsSync(VECTORS), "../shared/vectors/sigstore-bundles is not there, so no foreign bundle was judged");
const NOW = new Date("2026-11-22T12:00:00Z");

const readIf = (path: string): Uint8Array | null => (existsSync(path) ? readFileSync(path) : null);

function judgeCase(name: string): SigstoreVerification {
  const folder = `${VECTORS}${name}`;
  const artifact = readIf(`${folder}/artifact`) ?? readFileSync(`${VECTORS}a.txt`);
  return verifySigstore(readFileSync(`${folder}/bundle.sigstore.json`), {
    key_pem: readIf(`${folder}/key.pub`),
    trusted_root: readIf(`${folder}/trusted_root.json`),
    artifact_sha256: sha256(artifact),
    now: NOW,
  });
}

test.skipIf(missing)("every managed-key vector gets the verdict its name asks for, and no certificate is ever verified", () => {
  const cases = readdirSync(VECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const verdicts = cases.map((name) => [name, judgeCase(name).result] as const);
  const managed = verdicts.filter(([name]) => name.startsWith("managed-key"));
  expect(managed.toSorted()).toEqual([
    ["managed-key-and-trusted-root", "verified"],
    ["managed-key-happy-path", "verified"],
    ["managed-key-no-key_fail", "failed"],
    ["managed-key-wrong-key_fail", "failed"],
  ]);
  expect(verdicts.filter(([name, result]) => result === "verified" && !name.startsWith("managed-key"))).toEqual([]);
  expect(verdicts.filter(([, result]) => result === "not_judged").length).toBeGreaterThan(50);
});

const CASE = "managed-key-and-trusted-root";
const judgeMutated = (change: (text: string) => string, root: (text: string) => string = (text) => text): SigstoreVerification =>
  verifySigstore(utf8(change(readFileSync(`${VECTORS}${CASE}/bundle.sigstore.json`, "utf8"))), {
    key_pem: readFileSync(`${VECTORS}${CASE}/key.pub`),
    trusted_root: utf8(root(readFileSync(`${VECTORS}${CASE}/trusted_root.json`, "utf8"))),
    artifact_sha256: sha256(readFileSync(`${VECTORS}a.txt`)),
    now: NOW,
  });

const codeOf = (verification: SigstoreVerification): string => (verification.result === "verified" ? "verified" : verification.reason.code);

test.skipIf(missing)("attack: each part of a bundle of strangers changed alone is refused by the step that holds it", () => {
  const wrong: readonly [string, (text: string) => string][] = [
    ["log.proof", (text) => text.replace("mP1ItkhG", "mP1ItkhH")],
    ["log.checkpoint", (text) => text.replace("0y8wozBFAiEAg5E", "0y8wozBFAiEAg5F")],
    ["log.checkpoint", (text) => text.replace("sigstage.dev 0y8wo", "sigstage.dev 0y8wp")],
    ["log.entry", (text) => text.replace('"integratedTime":"1767810965"', '"integratedTime":"1767810966"')],
    ["log.entry", (text) => text.replace('"logIndex":"51753644"', '"logIndex":"51753645"')],
    ["log.entry", (text) => text.replace('"signature":"MEUCIHMEx9', '"signature":"MEUCIHMEx8')],
    ["artifact.digest", (text) => text.replace("oM/HEnHW4njl", "oM/HEnHW4njm")],
    ["bundle.malformed", (text) => text.replace('"mediaType"', '"mediaType":"x","mediaType"')],
    ["bundle.malformed", (text) => text.replace("bundle.v0.3+json", "bundle.v0.9+json")],
    ["bundle.malformed", (text) => text.slice(0, -10)],
    ["log.unknown", (text) => text.replace(/"tlogEntries":\[.*?\}\], /, "").replace(/"tlogEntries":\[.*\]\}, "messageSignature"/, '"tlogEntries":[]}, "messageSignature"')],
  ];
  expect(judgeMutated((text) => text).result).toBe("verified");
  expect(wrong.map(([, change]) => codeOf(judgeMutated(change)))).toEqual(wrong.map(([code]) => code));
});

test.skipIf(missing)("attack: a trusted root whose log key has no beginning, or had ended before, lends it no trust", () => {
  const start = '"start": "2021-01-12T11:53:27Z"';
  expect(codeOf(judgeMutated((text) => text, (root) => root.replace(start, '"end": "2030-01-01T00:00:00Z"')))).toBe("log.unknown");
  expect(codeOf(judgeMutated((text) => text, (root) => root.replace(start, `${start}, "end": "2022-01-01T00:00:00Z"`)))).toBe("log.key");
});

/** A bundle without a log, signed here. */
function ownBundle(material: object): { bundle: Uint8Array; pem: Uint8Array; artifact: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const artifact = utf8("an artifact");
  const signature = sign("sha256", artifact, createPrivateKey(privateKey));
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: material,
    messageSignature: { messageDigest: { algorithm: "SHA2_256", digest: toBase64(sha256(artifact)) }, signature: toBase64(signature) },
  };
  return { bundle: utf8(JSON.stringify(bundle)), pem: utf8(publicKey), artifact };
}

test("what was not shown is said: no log, no artifact", () => {
  const { bundle, pem } = ownBundle({ publicKey: { hint: "any" } });
  const judged = verifySigstore(bundle, { key_pem: pem, trusted_root: null, artifact_sha256: null, now: NOW });
  expect(judged.result === "verified" ? judged.not_proved : judged).toEqual(["that any log holds the signature", "that an artifact of yours is the one that was signed: none was given", "when it was signed"]);
});

test("a statement of others may hold fractions, and its subject is what the artifact is held against", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const artifact = sha256(utf8("an artifact"));
  const payload = utf8(`{ "_type": "https://in-toto.io/Statement/v1", "subject": [{ "name": "a", "digest": { "sha256": "${toHex(artifact)}" } }], "predicateType": "https://example.test/p", "predicate": { "ratio": 0.25 } }`);
  const signature = sign("sha256", preAuthEncoding(payload), createPrivateKey(privateKey));
  const dsseEnvelope = { payload: toBase64(payload), payloadType: "application/vnd.in-toto+json", signatures: [{ sig: toBase64(signature) }] };
  const bundle = utf8(JSON.stringify({ mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", verificationMaterial: { publicKey: {} }, dsseEnvelope }));
  const judged = (artifact_sha256: Uint8Array) => verifySigstore(bundle, { key_pem: utf8(publicKey), trusted_root: null, artifact_sha256, now: NOW });
  expect(judged(artifact)).toMatchObject({ result: "verified", facts: { kind: "statement", predicate_type: "https://example.test/p" } });
  expect(codeOf(judged(sha256(utf8("another"))))).toBe("artifact.digest");
});

describe("our own statement, as other people's tools are given it", () => {
  const ring = newRing();
  const opened = openTrust(ring.trust);
  if (!opened.ok) throw new Error(opened.reason.detail);
  const { files, gates } = trustFiles(ring.trust, opened.value);
  const text = (name: string): string => {
    const content = files.get(name) ?? "";
    return typeof content === "string" ? content : new TextDecoder().decode(content);
  };
  const [pem, root] = [text(gates[0]?.file ?? ""), text("trusted_root.json")];
  const [attestation] = (JSON.parse(new TextDecoder().decode(makeBundle(ring))) as Bundle).attestations;
  const good = JSON.stringify(attestation);
  const judged = (bundle: string, key = pem, roots = root): SigstoreVerification =>
    verifySigstore(utf8(bundle), { key_pem: utf8(key), trusted_root: utf8(roots), artifact_sha256: fromHex("4".repeat(64)), now: NOW });
  /** The first occurrence of a field's text with one character changed in its midst. */
  const bent = (field: string): string => {
    const at = good.indexOf(`"${field}":"`) + field.length + 24;
    return good.slice(0, at) + (good[at] === "A" ? "B" : "A") + good.slice(at + 1);
  };

  test("verifies with the exported key and trusted root: log entry and merged tree", () => {
    expect(judged(good)).toMatchObject({ result: "verified", facts: { kind: "statement", receipts: [{ origin: ring.origin, index: 3, size: 7, logged_at: null }] } });
  });

  test("attack: each signed, hashed or logged field changed alone is refused by its step", () => {
    expect(["payload", "sig", "canonicalizedBody", "rootHash", "envelope"].map((field) => [field, codeOf(judged(bent(field)))])).toEqual([
      ["payload", "statement.malformed"],
      ["sig", "log.entry"],
      ["canonicalizedBody", "log.entry"],
      ["rootHash", "log.checkpoint"],
      ["envelope", "log.checkpoint"],
    ]);
  });

  test("attack: entry and signature changed alike, so that only the key can tell", () => {
    const other = newRing();
    const theirs = (JSON.parse(new TextDecoder().decode(makeBundle({ ...ring, gate: other.gate }))) as Bundle).attestations[0];
    // Logged in our log, under a key that is not the one the caller trusts.
    expect(codeOf(judged(JSON.stringify(theirs)))).toBe("log.entry");
    expect(codeOf(judged(good, text(gates[0]?.file ?? "").replace(/[A-Za-z0-9+/]{8}(?=[^A-Za-z0-9+/]*-----END)/, "AAAAAAAA")))).toBe("trust.malformed");
  });

  test("attack: a log key outside of its window, where nothing says when the entry was logged", () => {
    const windowed = (start: string, end?: string): SigstoreVerification => {
      const changed = JSON.parse(root) as { tlogs: { publicKey: { validFor: object } }[] };
      for (const { publicKey } of changed.tlogs) publicKey.validFor = { start, ...(end === undefined ? {} : { end }) };
      return judged(good, pem, JSON.stringify(changed));
    };
    expect(codeOf(windowed("2026-11-23T00:00:00Z"))).toBe("log.key");
    const ended = windowed("2026-11-01T00:00:00Z", "2026-11-02T00:00:00.5Z");
    expect(ended).toMatchObject({ result: "verified", not_proved: expect.arrayContaining([expect.stringContaining("still counted when it took the entry: it did until 2026-11-02T00:00:00Z")]) });
    expect(windowed("2026-11-01T01:00:00+01:00")).toMatchObject({ result: "verified", not_proved: expect.not.arrayContaining([expect.stringContaining("still counted")]) });
    // Each browser reads these in its own way, or by its own time zone; a window that cannot be read trusts nobody.
    for (const start of ["2020", "1", "Nov 1 2020", "2020-01-01", "2020-01-01T00:00:00", "2020-02-30T00:00:00Z", "2020-01-01 00:00:00Z", "+002020-01-01T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:00:00+25:00"]) expect([start, codeOf(windowed(start))]).toEqual([start, "log.unknown"]);
  });

  test("attack: a log of a stranger under our log's name, and one that nobody names", () => {
    const stranger = newRing();
    const elsewhere = (JSON.parse(new TextDecoder().decode(makeBundle({ ...ring, log: stranger.log }))) as Bundle).attestations[0];
    expect(codeOf(judged(JSON.stringify(elsewhere)))).toBe("log.unknown");
    const id = toBase64(noteKey(ring.origin, ring.log.key).hash);
    const borrowed = JSON.stringify(elsewhere).replace(/"logId":\{"keyId":"[^"]*"/, `"logId":{"keyId":"${id}"`);
    expect(codeOf(judged(borrowed))).toBe("log.checkpoint");
  });
});

test("attack: a signature over other content than the digest beside it", () => {
  const [one, two] = [ownBundle({ publicKey: {} }), ownBundle({ publicKey: {} })];
  expect(codeOf(verifySigstore(one.bundle, { key_pem: two.pem, trusted_root: null, artifact_sha256: sha256(one.artifact), now: NOW }))).toBe("signature.invalid");
  expect(codeOf(verifySigstore(one.bundle, { key_pem: one.pem, trusted_root: null, artifact_sha256: sha256(one.artifact), now: NOW }))).toBe("verified");
});

test("attack: a key beside a certificate, so that one verifier reads the one and the next the other", () => {
  const { bundle, pem } = ownBundle({ publicKey: { hint: "any" }, certificate: { rawBytes: "AAAA" } });
  expect(codeOf(verifySigstore(bundle, { key_pem: pem, trusted_root: null, artifact_sha256: null, now: NOW }))).toBe("bundle.malformed");
});
