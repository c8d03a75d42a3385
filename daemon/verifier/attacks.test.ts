/** Each test is one way to make evidence say what nobody signed. All but the stranger's are signed anew by the real keys. */
import { describe, expect, test } from "bun:test";
import { p256 } from "@noble/curves/nist.js";
import { Bundle } from "../../proto/bundle.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import { fromBase64, fromUtf8, toBase64, toHex, utf8 } from "../../proto/encoding.ts";
import type { LeafSlot, Manifest } from "../../proto/manifest.ts";
import type { TrustBody, TrustedKey } from "../../proto/trust.ts";
import type { VerifyCode } from "../../proto/verification.ts";
import type { LogReceipt } from "../evidence/log/index.ts";
import { makeBundle, newRing, newSigner, NOW, receiptFor, trustWith, type Tampering } from "../testing/evidence.ts";
import { rootOf } from "../../kernels/merkle/index.ts";
import { verifyBundle } from "./bundle.ts";
import { hashLeaf, leafBytes } from "./leaves.ts";
import { BUNDLE_LIMITS } from "./limits.ts";
import { noteKey, signatureLine } from "./note.ts";
import { readDocument } from "./schema.ts";

const ring = newRing();
const good = makeBundle(ring);
const text = fromUtf8(good) ?? "";

function codeOf(bundle: Uint8Array, trust = ring.trust, now = NOW): VerifyCode | "verified" {
  const { result, reasons, statement } = verifyBundle(bundle, trust, { now });
  if (result !== "verified") expect(statement).toBeNull();
  return reasons[0]?.code ?? (result === "verified" ? "verified" : "trust.malformed");
}
const attack = (tampering: Tampering): VerifyCode | "verified" => codeOf(makeBundle(ring, tampering));

function parsed(): Bundle {
  const document = readDocument(Bundle, good, BUNDLE_LIMITS);
  if ("because" in document) throw new Error(document.because);
  return structuredClone(document.value);
}

const withLeaves = (change: (leaves: LeafSlot[]) => LeafSlot[]) => (manifest: Manifest): Manifest => ({ ...manifest, leaves: change([...manifest.leaves]) });
/** As `change`, with the root recomputed: a signer who lies, so that only the rule in question can refuse. All slots must be shown. */
const rerooted = (change: (manifest: Manifest) => Manifest) => (manifest: Manifest): Manifest => {
  const made = change(manifest);
  return { ...made, root: toHex(rootOf(made.leaves.map((s) => ("leaf" in s ? leafBytes(s.leaf) : new Uint8Array())))) };
};
const hashOf = (s: LeafSlot): string => ("leaf" in s ? toHex(hashLeaf(leafBytes(s.leaf))) : s.hash);
const changed = (s: LeafSlot): LeafSlot => ("leaf" in s ? { leaf: { ...s.leaf, salt: "AAAAAAAAAAAAAAAAAAAAAA==" } } : s);
const slot = (leaves: LeafSlot[], i: number): LeafSlot => leaves.at(i) ?? { hash: "" };

test("canary: the untouched bundle verifies, and says what was signed", () => {
  const answer = verifyBundle(good, ring.trust, { now: NOW });
  expect(answer.result).toBe("verified");
  expect(answer.statement?.predicate.verdict).toBe("hold");
  expect(answer.signer).toEqual({ fingerprint: ring.gate.key.fingerprint, trust_domain: "sample.local.maestro.internal", self_made: true });
  expect(answer.log).toEqual({ origin: ring.origin, index: 3, size: 7 });
  expect(answer.lapsed).toBe(false);
});

describe("a stranger", () => {
  const stranger = newRing();
  test("signing everything anew with keys of their own is an unknown signer, never verified", () => {
    const { result, reasons, statement, signer } = verifyBundle(makeBundle(stranger), ring.trust, { now: NOW });
    expect({ result, code: reasons[0]?.code, statement }).toEqual({ result: "unknown_signer", code: "signer.unknown", statement: null });
    expect(signer).toEqual({ fingerprint: stranger.gate.key.fingerprint, trust_domain: null, self_made: false });
  });
  test("who borrows our gate key's fingerprint as keyid and hint does not pass for it", () => {
    const borrowed = makeBundle(stranger, {
      attestation: (attestation) => ({
        ...attestation,
        verificationMaterial: { ...attestation.verificationMaterial, publicKey: { hint: ring.gate.key.fingerprint } },
        dsseEnvelope: { ...attestation.dsseEnvelope, signatures: [{ sig: attestation.dsseEnvelope.signatures[0]?.sig ?? "", keyid: ring.gate.key.fingerprint }] },
      }),
    });
    expect(codeOf(borrowed)).toBe("signature.keyid");
  });
  test("who puts our signed statement into a log of their own gives no verified bundle", () => {
    const log = newSigner("ed25519");
    const elsewhere = makeBundle(ring, { envelope: (signed) => signed, receipt: () => receiptFor({ log, origin: ring.origin }, utf8("x")) });
    expect(codeOf(elsewhere)).toBe("log.proof");
    const { result } = verifyBundle(makeBundle({ ...ring, log }), ring.trust, { now: NOW });
    expect(result).toBe("unknown_signer");
  });
});

describe("leaves", () => {
  test("swapped leaves", () => {
    expect(attack({ manifest: withLeaves((l) => [slot(l, 0), slot(l, 2), slot(l, 1), ...l.slice(3)]) })).toBe("manifest.root");
  });
  test("a dropped leaf with the count adjusted", () => {
    expect(attack({ manifest: withLeaves((l) => l.slice(0, -1)) })).toBe("manifest.root");
  });
  test("a dropped leaf and a fitting signed root: leaf 0 still knows how many there were", () => {
    const dropped = rerooted(withLeaves((l) => l.slice(0, -1)));
    expect(attack({ manifest: dropped })).toBe("manifest.identity");
  });
  test("a duplicate leaf at the end", () => {
    expect(attack({ manifest: rerooted(withLeaves((l) => [...l, slot(l, -1)])) })).toBe("manifest.leaves");
  });
  test("the odd last node doubled, as where CVE-2012-2459 gave two lists one root", () => {
    expect(codeOf(mutated((b) => b.manifest.leaves.push(slot(b.manifest.leaves, -1))))).toBe("manifest.leaves");
    expect(attack({ manifest: withLeaves((l) => [...l, { hash: hashOf(slot(l, -1)) }]) })).toBe("manifest.leaves");
  });
  test("two leaves replaced by the node above them", () => {
    expect(attack({ manifest: withLeaves((l) => [...l.slice(0, 2), { hash: "ab".repeat(32) }, ...l.slice(4)]) })).toBe("manifest.root");
  });
  test("a second leaf 0", () => {
    expect(attack({ manifest: rerooted(withLeaves((l) => [slot(l, 0), changed(slot(l, 0)), ...l.slice(2)])) })).toBe("manifest.leaves");
  });
  test("leaf 0 hidden", () => {
    expect(attack({ manifest: withLeaves((l) => [{ hash: hashOf(slot(l, 0)) }, ...l.slice(1)]) })).toBe("manifest.identity");
  });
  test("a leaf from another gate", () => {
    const foreign = parsedOf(makeBundle(ring, { identity: { head: "9".repeat(40) } })).manifest.leaves;
    expect(attack({ manifest: rerooted(withLeaves((l) => [...l.slice(0, 3), slot(foreign, 3), ...l.slice(4)])) })).toBe("manifest.leaves");
  });
  test("out of order, though rooted so", () => {
    expect(attack({ manifest: rerooted(withLeaves((l) => [slot(l, 0), slot(l, 2), slot(l, 1), ...l.slice(3)])) })).toBe("manifest.leaves");
  });
  test("a verdict leaf that disagrees with the statement", () => {
    const flip = (s: LeafSlot): LeafSlot => ("leaf" in s && s.leaf.kind === "rule" && s.leaf.name === "verdict" ? { leaf: { ...s.leaf, outcome: "admit" } } : s);
    expect(attack({ manifest: rerooted(withLeaves((l) => l.map(flip))) })).toBe("manifest.leaves");
  });
});

describe("statement", () => {
  test("a verdict turned to admit after signing", () => {
    const envelope = parsed().attestations[0]?.dsseEnvelope;
    const payload = fromUtf8(fromBase64(envelope?.payload ?? "") ?? new Uint8Array())?.replace('"verdict":"hold"', '"verdict":"admit"') ?? "";
    expect(payload).toContain('"verdict":"admit"');
    expect(codeOf(mutated((b) => setPayload(b, payload)))).toBe("log.entry");
  });
  test("a head of another commit under the same gate id", () => {
    expect(attack({ statement: (s) => ({ ...s, predicate: { ...s.predicate, identity: { ...s.predicate.identity, head: "8".repeat(40) } } }) })).toBe("statement.identity");
  });
  test("a subject that is not the head", () => {
    expect(attack({ statement: (s) => ({ ...s, subject: [{ name: "git:head", digest: { gitCommit: "7".repeat(40) } }] }) })).toBe("statement.subject");
  });
  test("an attempt other than leaf 0's", () => {
    expect(attack({ statement: (s) => ({ ...s, predicate: { ...s.predicate, attempt: { ...s.predicate.attempt, attempt: 3 } } }) })).toBe("manifest.identity");
  });
  test("a calendar day that does not exist", () => {
    expect(attack({ attempt: { issued_at: "2026-02-31T00:00:00Z" } })).toBe("statement.time");
  });
  test("evidence from the future", () => {
    expect(codeOf(good, ring.trust, new Date("2026-11-22T09:53:00Z"))).toBe("statement.time");
    expect(codeOf(good, ring.trust, new Date(Number.NaN))).toBe("statement.time");
  });
  test("an admit past its time is still evidence, and said to have lapsed", () => {
    expect(verifyBundle(good, ring.trust, { now: new Date("2027-01-01T00:00:00Z") })).toMatchObject({ result: "verified", lapsed: true });
  });
});

describe("signature", () => {
  test("malleated: the same r with n-s, in envelope and log entry alike", () => {
    const highS = (sig: string): string => {
      const { r, s } = p256.Signature.fromBytes(fromBase64(sig) ?? new Uint8Array(), "der");
      return toBase64(new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes("der"));
    };
    const malleated = makeBundle(ring, {
      envelope: ({ envelope, entry }) => {
        const old = envelope.signatures[0]?.sig ?? "";
        const sig = highS(old);
        return { envelope: { ...envelope, signatures: [{ sig, keyid: ring.gate.key.fingerprint }] }, entry: utf8(fromUtf8(entry)?.replace(old, sig) ?? "") };
      },
    });
    expect(codeOf(malleated)).toBe("signature.invalid");
  });
  test("by the log key over a statement (role confusion)", () => {
    expect(codeOf(makeBundle({ ...ring, gate: ring.log }))).toBe("log.entry");
  });
  test("by a key that is trusted, but for policies (role confusion)", () => {
    expect(codeOf(good, trustLine("gate", { role: "policy" }))).toBe("signer.role");
  });
  test("by the gate key over a checkpoint (role confusion)", () => {
    expect(attack({ receipt: (receipt) => resigned(receipt, (body) => ring.gate.sign(utf8(body))) })).toBe("log.checkpoint");
  });
  test("a keyid that names nobody", () => {
    expect(codeOf(mutated((b) => { b.attestations.forEach((a) => { a.dsseEnvelope.signatures.forEach((s) => { s.keyid = `SHA256:${"A".repeat(43)}`; }); }); }))).toBe("signature.keyid");
  });
});

describe("log", () => {
  test("a proof for another index", () => {
    expect(attack({ receipt: (r) => ({ ...r, index: r.index + 1 }) })).toBe("log.proof");
    expect(codeOf(mutated((b) => { b.attestations.forEach((a) => { a.verificationMaterial.tlogEntries.forEach((t) => { t.logIndex = "4"; }); }); }))).toBe("log.proof");
  });
  test("a proof cut short, stretched, or of another tree", () => {
    expect(attack({ receipt: (r) => ({ ...r, proof: r.proof.slice(1) }) })).toBe("log.proof");
    expect(attack({ receipt: (r) => ({ ...r, proof: [...r.proof, new Uint8Array(32)] }) })).toBe("log.proof");
    expect(attack({ receipt: (r) => ({ ...r, proof: receiptFor(ring, utf8("another entry"), 11).proof }) })).toBe("log.proof");
  });
  test("a root or size the checkpoint does not have", () => {
    expect(attack({ receipt: (r) => ({ ...r, size: r.size + 1 }) })).toBe("log.checkpoint");
    expect(attack({ receipt: (r) => ({ ...r, root: new Uint8Array(32) }) })).toBe("log.checkpoint");
  });
  test("a checkpoint from another origin, signed by the same key", () => {
    const elsewhere = { ...ring, origin: "log.elsewhere.example" };
    expect(codeOf(makeBundle(elsewhere))).toBe("log.unknown");
    expect(codeOf(makeBundle(elsewhere, { receipt: (r) => ({ ...r, log_id: noteKey(ring.origin, ring.log.key).hash }) }))).toBe("log.checkpoint");
  });
  test("an unsigned checkpoint, and one with a further unknown signature", () => {
    expect(attack({ receipt: (r) => ({ ...r, checkpoint: `${r.checkpoint.split("\n\n")[0] ?? ""}\n\n` }) })).toBe("log.checkpoint");
    expect(attack({ receipt: (r) => ({ ...r, checkpoint: r.checkpoint + signatureLine(noteKey("witness.example", newSigner("ed25519").key), new Uint8Array(64)) }) })).toBe("log.checkpoint");
  });
  test("a checkpoint with an extension line", () => {
    const extended = (r: LogReceipt): LogReceipt => {
      const body = `${r.checkpoint.split("\n\n")[0] ?? ""}\nextension\n`;
      return { ...r, checkpoint: `${body}\n${signatureLine(noteKey(ring.origin, ring.log.key), ring.log.sign(utf8(body)))}` };
    };
    expect(attack({ receipt: extended })).toBe("log.checkpoint");
  });
});

describe("trust", () => {
  test("an expired key, and one not yet valid", () => {
    expect(codeOf(good, trustLine("gate", { to: "2026-11-22T09:58:59Z" }))).toBe("signer.time");
    expect(codeOf(good, trustLine("gate", { from: "2026-11-22T09:59:01Z" }))).toBe("signer.time");
    expect(codeOf(good, trustLine("log", { to: "2026-11-22T09:58:59Z" }))).toBe("log.key");
  });
  test("wrong repository, mode, predicate type, trust domain", () => {
    expect(codeOf(good, trustLine("gate", { repository_ids: ["github.com/example/other"] }))).toBe("signer.repository");
    expect(codeOf(good, trustLine("gate", { modes: ["host", "sealed"] }))).toBe("signer.mode");
    expect(attack({ mode: "host" })).toBe("signer.mode");
    expect(codeOf(good, trustLine("gate", { predicate_types: ["https://slsa.dev/provenance/v1"] }))).toBe("signer.predicate");
    expect(codeOf(good, trustLine("log", { repository_ids: ["github.com/example/other"] }))).toBe("log.key");
    expect(codeOf(good, trustWith(ring, (body) => ({ ...body, trust_domain: "example.com" })))).toBe("signer.domain");
  });
  test("a key listed twice counts where one of its lines fits", () => {
    const twice = (body: TrustBody): TrustBody => ({ ...body, keys: [...body.keys.map((k) => ({ ...k, to: "2026-11-02T00:00:00Z" })), ...body.keys] });
    expect(codeOf(good, trustWith(ring, twice))).toBe("verified");
  });
});

describe("card", () => {
  test("a verdict changed on the card alone: every printed word comes from signed bytes", () => {
    expect(text).toContain('"verdict":"hold","warnings"');
    expect(codeOf(utf8(text.replace('"verdict":"hold","warnings"', '"verdict":"admit","warnings"')))).toBe("card.mismatch");
  });
  test("any other word of it", () => {
    expect(codeOf(utf8(text.replace("Speed up the parser", "Speed up the parsed")))).toBe("card.mismatch");
  });
  test("left out while its leaf is shown", () => {
    expect(attack({ card: () => null })).toBe("card.mismatch");
  });
});

describe("container", () => {
  test("white space, another order of keys, a key twice, an unknown field", () => {
    expect(codeOf(utf8(`${text}\n`))).toBe("bundle.malformed");
    expect(codeOf(utf8(text.replace('{"attestations"', '{ "attestations"')))).toBe("bundle.malformed");
    expect(codeOf(utf8(`${text.slice(0, -1).replace(',"type":"maestro.bundle"', "")},"type":"maestro.bundle"}`))).toBe("bundle.malformed");
    expect(codeOf(utf8(`${text.slice(0, -1)},"v":1}`))).toBe("bundle.malformed");
    expect(codeOf(utf8(`${text.slice(0, -1)},"z":0}`))).toBe("bundle.malformed");
  });
  test("an escape where the character itself is canonical", () => {
    expect(codeOf(utf8(text.replace("Speed up", "\\u0053peed up")))).toBe("bundle.malformed");
  });
  test("base64 whose unused bits are not zero", () => {
    const salt = /"salt":"([A-Za-z0-9+/]{21})([AQgw])==/.exec(text);
    const other = { A: "B", Q: "R", g: "h", w: "x" }[salt?.[2] ?? ""] ?? "";
    expect(codeOf(utf8(text.replace(`${salt?.[1]}${salt?.[2]}==`, `${salt?.[1]}${other}==`)))).toBe("bundle.malformed");
    const loose = mutated((b) => { b.attestations.forEach((a) => { a.verificationMaterial.tlogEntries.forEach((t) => { t.inclusionProof.rootHash = t.inclusionProof.rootHash.replace(/(.)=$/, (_, c: string) => `${String.fromCharCode(c.charCodeAt(0) + 1)}=`); }); }); });
    expect(codeOf(loose)).toBe("log.proof");
  });
  test("a second attestation rides along", () => {
    expect(codeOf(mutated((b) => b.attestations.push(...structuredClone(b.attestations))))).toBe("attestation.unknown");
  });
  test("cut anywhere, empty, not JSON, not UTF-8", () => {
    for (const length of [0, 1, 2, 100, Math.floor(good.length / 2), good.length - 1]) expect(codeOf(good.slice(0, length))).toBe("bundle.malformed");
    expect(codeOf(Uint8Array.of(0xff, 0xfe))).toBe("bundle.malformed");
    expect(codeOf(utf8("[".repeat(100_000)))).toBe("bundle.malformed");
  });
});

function mutated(change: (bundle: Bundle) => void): Uint8Array {
  const bundle = parsed();
  change(bundle);
  return canonicalBytes(bundle);
}

function parsedOf(bytes: Uint8Array): Bundle {
  const document = readDocument(Bundle, bytes, BUNDLE_LIMITS);
  if ("because" in document) throw new Error(document.because);
  return document.value;
}

function setPayload(bundle: Bundle, payload: string): void {
  for (const attestation of bundle.attestations) attestation.dsseEnvelope.payload = toBase64(utf8(payload));
}

function trustLine(role: TrustedKey["role"], change: Partial<TrustedKey>): Uint8Array {
  return trustWith(ring, (body) => ({ ...body, keys: body.keys.map((key) => (key.role === role ? { ...key, ...change } : key)) }));
}

function resigned(receipt: LogReceipt, sign: (body: string) => Uint8Array): LogReceipt {
  const body = `${receipt.checkpoint.split("\n\n")[0] ?? ""}\n`;
  return { ...receipt, checkpoint: `${body}\n${signatureLine(noteKey(ring.origin, ring.log.key), sign(body))}` };
}
