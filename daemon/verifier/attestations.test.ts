/** Attestations beside the obligations. Each attack is signed by the real keys and has its place in the log; only what it says, or where it stands, is wrong. */
import { describe, expect, test } from "bun:test";
import type { Bundle } from "../../proto/bundle.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { DSSE_PAYLOAD_TYPE } from "../../proto/attestation.ts";
import { fromBase64, fromUtf8, toBase64, utf8 } from "../../proto/encoding.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { repositoryUri, SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE } from "../../proto/predicates/derived.ts";
import type { Verification, VerifyCode } from "../../proto/verification.ts";
import type { SignedEnvelope } from "../evidence/attest/index.ts";
import type { Signer } from "../evidence/keys/signer.ts";
import { makeBundle, newRing, newSigner, NOW, receiptFor, SAMPLE_OUTCOMES, trustWith, type Tampering } from "../testing/evidence.ts";
import { verifyBundle } from "./bundle.ts";
import { logEntryBody, preAuthEncoding } from "./dsse.ts";
import { hideLeaves } from "./hide.ts";

const ring = newRing();
const TOOL: Outcome = {
  check: "command.unit",
  result: "fail",
  because: null,
  observer: "sandbox",
  findings: ["a b", "a c"].map((name, i) => ({
    rule: "command.unit.test-failed", message: name, range: null, severity: "error", fingerprint: String(i).repeat(64), baseline: "new", tags: [], excerpt: null, counterexample: null, fix: null,
    test: { id: String(i).repeat(32), name, class: i === 0 ? "yours" : "flaky" },
  })),
  findings_cut: 0,
  gaps: [],
};
const ADMIT: Tampering = { verdict: "admit", outcomes: [{ check: "secrets", result: "pass", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: [] }, TOOL] };
const same = (signed: SignedEnvelope[]): SignedEnvelope[] => signed;

const verify = (bytes: Uint8Array, trust = ring.trust): Verification => verifyBundle(bytes, trust, { now: NOW });
const codeOf = (tampering: Tampering, trust = ring.trust): VerifyCode | undefined => verify(makeBundle(ring, { ...ADMIT, ...tampering }), trust).reasons[0]?.code;
const parsed = (bytes: Uint8Array): Bundle => JSON.parse(fromUtf8(bytes) ?? "") as Bundle;
/** All texts of a document, and what those that are base64 say. */
const decodedIn = (value: unknown): string =>
  typeof value === "string" ? `${value}\n${Buffer.from(value, "base64").toString("utf8")}\n` : typeof value === "object" && value !== null ? Object.values(value).map(decodedIn).join("") : "";

interface Loose {
  predicateType: string | number;
  subject: { digest: Record<string, string> }[];
  predicate: Record<string, unknown>;
}
const statementIn = (signed: SignedEnvelope): Loose => JSON.parse(fromUtf8(fromBase64(signed.envelope.payload) ?? new Uint8Array()) ?? "") as Loose;

/** Signs whatever it is given, as a liar would. */
function signAnything(statement: Loose, { key, sign }: Pick<Signer, "key" | "sign">): SignedEnvelope {
  const payload = utf8(JSON.stringify(statement));
  const canonical = canonicalBytes(JSON.parse(fromUtf8(payload) ?? ""));
  const signed = preAuthEncoding(canonical);
  const signature = sign(signed);
  return { envelope: { payload: toBase64(canonical), payloadType: DSSE_PAYLOAD_TYPE, signatures: [{ sig: toBase64(signature), keyid: key.fingerprint }] }, entry: logEntryBody(signed, signature, key.spki) };
}

/** The statement of this type, changed and signed anew by the gate's own key, or by another. */
const lying = (type: string, change: (statement: Loose) => void, signer: Pick<Signer, "key" | "sign"> = ring.gate) => (all: SignedEnvelope[]): SignedEnvelope[] =>
  all.map((signed) => {
    const statement = statementIn(signed);
    if (statement.predicateType !== type) return signed;
    change(statement);
    return signAnything(statement, signer);
  });

const good = makeBundle(ring, { ...ADMIT, beside: same });

describe("beside the obligations", () => {
  test("an admit has its verification summary, its simple verification result, and what each outside tool and the own checks came to", () => {
    const { result, attestations } = verify(good);
    expect(result).toBe("verified");
    expect(attestations.map(({ predicate_type, of, says, log_index }) => [predicate_type, of, says, log_index])).toEqual([
      [SVR_PREDICATE, null, "MAESTRO_GATE_LOCAL", 4],
      [TEST_RESULT_PREDICATE, "checks", "PASSED", 5],
      [TEST_RESULT_PREDICATE, "command.unit", "FAILED", 6],
      [VSA_PREDICATE, null, "PASSED MAESTRO_GATE_LOCAL", 7],
    ]);
    const [, , unit] = parsed(good).attestations.slice(1).map(({ dsseEnvelope }) => JSON.parse(fromUtf8(fromBase64(dsseEnvelope.payload) ?? new Uint8Array()) ?? "") as Loose);
    expect(unit?.predicate).toMatchObject({ failedTests: ["a b"], warnedTests: ["a c"], passedTests: [] });
  });
  test("a refusal is a FAILED summary and a result of nothing verified; a hold is neither", () => {
    const says = (verdict: "refuse" | "hold") => verify(makeBundle(ring, { ...ADMIT, verdict, beside: same })).attestations.filter(({ of }) => of === null).map((one) => one.says);
    expect(says("refuse")).toEqual(["nothing verified", "FAILED"]);
    expect(says("hold")).toEqual([]);
  });
  test("a check that is unavailable leaves no result of the own checks, and none of its own", () => {
    const cannot: Outcome = { ...TOOL, result: "unavailable", because: "deadline", findings: [] };
    expect(verify(makeBundle(ring, { outcomes: [...SAMPLE_OUTCOMES, cannot], verdict: "hold", beside: same })).attestations.filter(({ predicate_type, says }) => predicate_type === TEST_RESULT_PREDICATE && says !== "FAILED")).toEqual([]);
    expect(verify(makeBundle(ring, { ...ADMIT, outcomes: [cannot], verdict: "hold", beside: same })).attestations).toEqual([]);
  });
  test("a bundle of one attestation, as those from before, verifies and says that there are no others", () => {
    expect(verify(makeBundle(ring))).toMatchObject({ result: "verified", attestations: [] });
  });
  test("one may be left out, which takes nothing from the rest", () => {
    const bundle = parsed(good);
    expect(verify(canonicalBytes({ ...bundle, attestations: bundle.attestations.filter((_, i) => i !== 2) })).attestations).toHaveLength(3);
  });
  test("a node whose trust file does not let it say one goes without", () => {
    const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, predicate_types: line.predicate_types.filter((type) => type !== VSA_PREDICATE) })) }));
    const bundle = makeBundle({ ...ring, trust }, { ...ADMIT, beside: same });
    expect(verify(bundle, trust)).toMatchObject({ result: "verified", attestations: [{}, {}, {}] });
  });
});

describe("hiding a leaf takes along what tells of it", () => {
  const left = (names: string[]) => {
    const { result, attestations } = verify(hideLeaves(good, names));
    return [result, ...attestations.map(({ of, predicate_type }) => of ?? predicate_type)];
  };
  test("a tool's own result, the result of the own checks, and both with the card", () => {
    expect(decodedIn(parsed(good))).toContain('"a b"');
    expect(decodedIn(parsed(hideLeaves(good, ["check/command.unit", "document/card"])))).not.toContain('"a b"');
    expect(left(["check/command.unit"])).toEqual(["verified", SVR_PREDICATE, "checks", VSA_PREDICATE]);
    expect(left(["check/secrets"])).toEqual(["verified", SVR_PREDICATE, "command.unit", VSA_PREDICATE]);
    expect(left(["document/card"])).toEqual(["verified", SVR_PREDICATE, VSA_PREDICATE]);
  });
  test("one that was kept beside a hidden leaf is refused", () => {
    const bundle = parsed(hideLeaves(good, ["check/command.unit"]));
    expect(verify(canonicalBytes({ ...bundle, attestations: parsed(good).attestations })).reasons[0]?.code).toBe("attestation.mismatch");
  });
});

describe("refused", () => {
  test("a summary that passes what was refused", () => {
    expect(codeOf({ verdict: "refuse", beside: lying(VSA_PREDICATE, ({ predicate }) => Object.assign(predicate, { verificationResult: "PASSED", verifiedLevels: ["MAESTRO_GATE_LOCAL"] })) })).toBe("attestation.mismatch");
  });
  test("a level that nothing here verified", () => {
    expect(codeOf({ beside: lying(VSA_PREDICATE, ({ predicate }) => Object.assign(predicate, { verifiedLevels: ["SLSA_BUILD_LEVEL_3"] })) })).toBe("attestation.mismatch");
    expect(codeOf({ beside: lying(SVR_PREDICATE, ({ predicate }) => Object.assign(predicate, { properties: ["MAESTRO_GATE_HOST"] })) })).toBe("attestation.mismatch");
  });
  test("another repository, policy, verifier, time or input", () => {
    for (const change of [{ resourceUri: repositoryUri("other") }, { timeVerified: "2026-11-22T09:58:00Z" }, { verifier: { id: "urn:maestro:verifier:sample.local.maestro.internal:host", version: { maestro: "0.0.0" } } }]) {
      expect(codeOf({ beside: lying(VSA_PREDICATE, ({ predicate }) => Object.assign(predicate, change)) })).toBe("attestation.mismatch");
    }
  });
  test("a summary of the same gate's other attempt", () => {
    let other: SignedEnvelope[] = [];
    makeBundle(ring, { ...ADMIT, attempt: { attempt: 3, supersedes: 2 }, beside: (all) => (other = all) });
    expect(codeOf({ beside: () => other })).toBe("attestation.mismatch");
  });
  test("another subject", () => {
    expect(codeOf({ beside: lying(SVR_PREDICATE, ({ subject }) => Object.assign(subject[0]?.digest ?? {}, { gitCommit: "9".repeat(40) })) })).toBe("attestation.mismatch");
  });
  test("a tool that failed and is said to have passed, and a result of a tool that never ran", () => {
    expect(codeOf({ beside: lying(TEST_RESULT_PREDICATE, ({ predicate }) => Object.assign(predicate, { result: "PASSED" })) })).toBe("attestation.mismatch");
    expect(codeOf({ beside: lying(TEST_RESULT_PREDICATE, ({ predicate }) => { (predicate["configuration"] as { name: string }[]).forEach((one) => (one.name = "command.other")); }) })).toBe("attestation.mismatch");
  });
  test("a field that the predicate does not have, and one that it must have", () => {
    expect(codeOf({ beside: lying(SVR_PREDICATE, ({ predicate }) => Object.assign(predicate, { note: "x" })) })).toBe("statement.malformed");
    expect(codeOf({ beside: lying(VSA_PREDICATE, ({ predicate }) => delete predicate["resourceUri"]) })).toBe("statement.malformed");
  });
  test("a predicate type that has no place here, and no predicate type at all", () => {
    expect(codeOf({ beside: lying(SVR_PREDICATE, (statement) => (statement.predicateType = "https://slsa.dev/provenance/v1")) })).toBe("attestation.unknown");
    expect(codeOf({ beside: lying(SVR_PREDICATE, (statement) => (statement.predicateType = 7)) })).toBe("attestation.unknown");
  });
  test("the same one twice, and two in the wrong order", () => {
    expect(codeOf({ beside: (all) => all.flatMap((one) => [one, one]) })).toBe("attestation.mismatch");
    expect(codeOf({ beside: (all) => all.toReversed() })).toBe("attestation.mismatch");
  });
  test("a stranger's summary in our log is an unknown signer", () => {
    expect(codeOf({ beside: lying(VSA_PREDICATE, () => undefined, newSigner("ecdsa-p256-sha256")) })).toBe("signer.unknown");
  });
  test("our key's name over a signature that it did not make, logged as such", () => {
    const forged = { key: ring.gate.key, sign: (message: Uint8Array) => newSigner("ecdsa-p256-sha256").sign(message) };
    expect(codeOf({ beside: lying(VSA_PREDICATE, () => undefined, forged) })).toBe("signature.invalid");
  });
  test("a trust file that does not let the key say it", () => {
    const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, predicate_types: line.predicate_types.filter((type) => type !== SVR_PREDICATE) })) }));
    expect(codeOf({ beside: same }, trust)).toBe("signer.predicate");
  });
  test("a proof for another entry, a signature of another statement, and a checkpoint of another size", () => {
    const swap = (change: (bundle: Bundle) => void): VerifyCode | undefined => {
      const bundle = parsed(good);
      change(bundle);
      return verify(canonicalBytes(bundle)).reasons[0]?.code;
    };
    expect(swap(({ attestations: [, a, b] }) => { if (a !== undefined && b !== undefined) a.verificationMaterial.tlogEntries = b.verificationMaterial.tlogEntries; })).toBe("log.entry");
    expect(swap(({ attestations: [, a, b] }) => { const [x, y] = [a, b].map((one) => one?.verificationMaterial.tlogEntries[0]?.inclusionProof); if (x !== undefined && y !== undefined) x.hashes = y.hashes; })).toBe("log.proof");
    expect(swap(({ attestations: [, a, b] }) => { if (a !== undefined && b !== undefined) a.dsseEnvelope.signatures = b.dsseEnvelope.signatures; })).toBe("log.entry");
    const elsewhere = receiptFor(ring, utf8("x"), 20);
    expect(codeOf({ beside: same, receipt: (receipt) => (receipt.index === 5 ? { ...receipt, checkpoint: elsewhere.checkpoint } : receipt) })).toBe("log.checkpoint");
  });
  test("one that stands under another checkpoint of the same log", () => {
    const bundle = parsed(good);
    const alone = parsed(makeBundle(ring, { ...ADMIT, beside: (all) => all.slice(0, 1) }));
    const mixed = { ...bundle, attestations: [bundle.attestations[0], alone.attestations[1]] };
    expect(verify(canonicalBytes(mixed)).reasons[0]?.code).toBe("log.checkpoint");
  });
});
