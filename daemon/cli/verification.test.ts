import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromUtf8, utf8 } from "../../proto/encoding.ts";
import { makeBundle, newRing, NOW, trustWith, type Ring } from "../testing/evidence.ts";
import { noteKey } from "../verifier/note.ts";
import { hideLeaves, verifyBundle, verifyTlogProof } from "../verifier/index.ts";
import { describeEvidence, judgeEvidence } from "./verified/evidence.ts";
import { describeVerification, readBundleFile, readTrustFile, receiptOf, unverified, verifyAgainst } from "./verification.ts";

let dir: string;
let ring: Ring;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-verification-"));
  ring = newRing();
  writeFileSync(join(dir, "trust.json"), ring.trust);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const said = (bundle: Uint8Array, trust = ring.trust, now = NOW): string[] => describeVerification(verifyBundle(bundle, trust, { now })).split("\n");

describe("one line where it verified", () => {
  test("says verdict, repository, commit, branch, place in the log and whose key", () => {
    const lines = said(makeBundle(ring));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^VERIFIED offline {2}HOLD of local:1000:demo 222222222222 on base [0-9a-f]{12} into refs\/heads\/main, repository and target as the caller named them, \d+ leaves, log entry 3 of 7; signed by SHA256:\S+ \(this machine's own self-made key: proves integrity, not authority\)$/);
  });

  test("an operator's key is named by its domain, and never called self-made", () => {
    const [line] = said(makeBundle(ring), trustWith(ring, (body) => ({ ...body, self_made: false })));
    expect(line).toEndWith("(trusted in sample.local.maestro.internal)");
    expect(line).not.toContain("self-made");
  });

  test("evidence that lapsed and leaves that are hidden are said below", () => {
    const bundle = makeBundle(ring);
    expect(said(bundle, ring.trust, new Date("2026-11-24T00:00:00Z"))[1]).toContain("validity has passed");
    const hidden = hideLeaves(bundle, ["document/facts", "document/card"]);
    expect(said(hidden)[1]).toMatch(/^ {2}2 leaves are hidden behind their hashes$/);
  });
});

describe("every reason where it did not", () => {
  test("a stranger's bundle is sound and by nobody known; a damaged one is no evidence", () => {
    expect(said(makeBundle(newRing()))[0]).toStartWith("UNKNOWN SIGNER");
    const damaged = said(makeBundle(ring, { card: (card) => ({ ...card, verdict: "admit" }) }));
    expect(damaged[0]).toStartWith("FAILED");
    expect(damaged[1]).toStartWith("  card.mismatch: ");
    for (const lines of [said(makeBundle(newRing())), damaged, said(new Uint8Array(0))]) expect(lines.join("\n")).not.toContain("VERIFIED");
  });
});

test("a damaged trust file and a mistyped leaf are not called the bundle's fault, and the leaves there are come with it", () => {
  const bundle = makeBundle(ring);
  const [trust] = said(bundle, new TextEncoder().encode("{"));
  expect(trust).toStartWith("FAILED  the trust file");
  const leaf = describeVerification(verifyBundle(bundle, ring.trust, { now: NOW, leaf: "document/crad" }));
  expect(leaf).toStartWith("FAILED  the bundle shows no such leaf\n  leaf.unknown: no shown leaf is called document/crad; shown: identity ");
  expect(leaf).toContain(" document/card");
  for (const text of [trust, leaf]) expect(text).not.toContain("not evidence");
});

test("attack: a branch's name turns the line around or adds one", () => {
  const [line, ...more] = said(makeBundle(ring, { identity: { target_ref: "refs/heads/\u202emain\u2066" } }));
  expect(more).toEqual([]);
  expect(line).toContain("VERIFIED offline");
  expect(line).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
});

test("the receipt is one that the verifier of receipts takes, for this bundle's own log", () => {
  let entry: Uint8Array = new Uint8Array(0);
  const receipt = receiptOf(makeBundle(ring, { envelope: (signed) => ({ ...signed, entry: (entry = signed.entry) }) }));
  expect(verifyTlogProof(receipt, entry, noteKey(ring.origin, ring.log.key))).toMatchObject({ ok: true, index: 3, checkpoint: { origin: ring.origin, size: 7 } });
  const stranger = newRing();
  expect(verifyTlogProof(receipt, entry, noteKey(stranger.origin, stranger.log.key)).ok).toBe(false);
  expect(verifyTlogProof(receipt, entry.toReversed(), noteKey(ring.origin, ring.log.key)).ok).toBe(false);
});

test("files: a trust file that cannot be read and a bundle that cannot are told apart", () => {
  const path = join(dir, "bundle.json");
  writeFileSync(path, makeBundle(newRing()));
  expect(verifyAgainst(readBundleFile(path), readTrustFile(join(dir, "trust.json"))).result).toBe("unknown_signer");
  expect(() => readTrustFile(join(dir, "absent"))).toThrow(expect.objectContaining({ code: "trust.malformed" }));
  expect(() => readBundleFile(dir)).toThrow(expect.objectContaining({ code: "cli.usage" }));
});

test("a later release's daemon and an earlier command: whoever cannot read the evidence is told to bring the command up to it; whoever refuses it is not", () => {
  const later = utf8((fromUtf8(makeBundle(ring)) ?? "").replace('"card":', '"a_field_of_a_later_release":1,"card":'));
  expect(unverified(verifyAgainst(later, ring.trust)).detail).toMatch(/bundle\.malformed: .*bring the command up to it/);
  expect(unverified(verifyAgainst(makeBundle(ring), newRing().trust)).detail).not.toContain("bring the command");
});

test("a bundle with counterexamples and a solver's answers says that none of them was tried again", () => {
  const documents = { "counterexample/1.json": "{}", "counterexample/2.json": "{}", "smt/1.smt2.txt": "(check-sat)\n", "a.txt": "a" };
  const shown = describeEvidence(judgeEvidence(makeBundle(ring, { documents }), ring.trust, { now: NOW })).replace(/\s+/g, " ");
  expect(shown).toContain("- that 2 counterexamples break what they say: nothing is run here");
  expect(shown).toContain("- what a solver answered to a question: it is not asked again here");
  expect(describeEvidence(judgeEvidence(makeBundle(ring), ring.trust, { now: NOW }))).not.toContain("solver");
});
