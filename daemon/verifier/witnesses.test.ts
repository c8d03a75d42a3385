import { describe, expect, test } from "bun:test";
import type { TrustBody } from "../../proto/trust.ts";
import type { WitnessVerification } from "../../proto/verification.ts";
import { makeBundle, newRing, NOW, trustWith } from "../testing/evidence.ts";
import { asking, cosigned, newWitness, witnessLine, type TestWitness } from "../testing/witnesses.ts";
import { verifyBundle, type VerifyOptions } from "./bundle.ts";
import { cosignatureLine, cosignedBytes, cosignerKeyText, parseCosignerKey } from "./cosignature.ts";
import { noteKey, parseVerifierKey, verifierKeyText } from "./note.ts";
import { openTrust } from "./trust.ts";
import { witnessText } from "./witness-words.ts";
import { majorityOf, quorumProblem } from "./witnesses.ts";

const ring = newRing();
const [first, second, third] = [newWitness("witness.example/a"), newWitness("witness.example/b"), newWitness("witness.example/c")];
const all = [first, second, third];
const AT_S = NOW.getTime() / 1000 - 30;
const two_of_three = trustWith(ring, asking(2, all));

function bundleOf(cosign: (note: string) => string): Uint8Array {
  return makeBundle(ring, { receipt: (receipt) => ({ ...receipt, checkpoint: cosign(receipt.checkpoint) }) });
}
const by = (...witnesses: readonly TestWitness[]) => bundleOf((note) => witnesses.reduce((text, one) => cosigned(text, one, AT_S), note));
const verdict = (bundle: Uint8Array, trust = two_of_three, more: Partial<VerifyOptions> = {}) => verifyBundle(bundle, trust, { now: NOW, ...more });
const codeOf = (bundle: Uint8Array, trust = two_of_three, more: Partial<VerifyOptions> = {}): string => verdict(bundle, trust, more).reasons[0]?.code ?? "verified";

test("two of three witnesses are enough, and are named with the time of the first", () => {
  const bundle = bundleOf((note) => cosigned(cosigned(note, third, AT_S - 5), first, AT_S));
  expect(verdict(bundle)).toMatchObject({ result: "verified", witnesses: { quorum: 2, of: 3, names: ["witness.example/a", "witness.example/c"], oldest: "2026-11-22T09:59:25Z", pending: false } });
});

describe("a checkpoint without its quorum is refused", () => {
  test("none, or one of two", () => {
    expect(codeOf(by())).toBe("log.witnesses");
    expect(codeOf(by(second))).toBe("log.witnesses");
  });
  test("attack: one witness twice", () => {
    expect(codeOf(by(first, first))).toBe("log.witnesses");
    expect(codeOf(bundleOf((note) => cosigned(cosigned(note, first, AT_S), first, AT_S + 1)))).toBe("log.witnesses");
  });
  test("attack: one operator twice, with the key from before and the new one", () => {
    const renewed = newWitness(first.key.name);
    const trust = trustWith(ring, asking(2, [first, renewed, third]));
    expect(codeOf(by(first, renewed), trust)).toBe("log.witnesses");
    expect(codeOf(by(renewed, third), trust)).toBe("verified");
  });
  test("attack: a cosignature of another checkpoint, or with another time", () => {
    const other = cosignatureLine(second.key, AT_S, second.signer.sign(cosignedBytes("log.sample.local.maestro.internal\n99\nAAAA\n", AT_S)));
    expect(codeOf(bundleOf((note) => cosigned(note, first, AT_S) + other))).toBe("log.witnesses");
    const shifted = (note: string): string => note + cosignatureLine(second.key, AT_S + 1, second.signer.sign(cosignedBytes(note.slice(0, note.lastIndexOf("\n\n") + 1), AT_S)));
    expect(codeOf(bundleOf((note) => shifted(cosigned(note, first, AT_S))))).toBe("log.witnesses");
  });
  test("attack: the log's signature format in a witness's name does not count as a cosignature", () => {
    const plain = newWitness("witness.example/b", second.signer);
    const line = (note: string): string => note + cosigned(note, { key: { ...plain.key, hash: noteKey(plain.key.name, plain.key.key).hash }, signer: plain.signer }, AT_S).slice(note.length);
    expect(codeOf(bundleOf((note) => line(cosigned(note, first, AT_S))))).toBe("log.checkpoint");
  });
  test("attack: a cosignature without a time", () => {
    expect(codeOf(bundleOf((note) => cosigned(cosigned(note, first, AT_S), second, 0)))).toBe("log.witnesses");
  });
  test("attack: one dated ahead of the verifier's clock, or outside the key's window, is not counted", () => {
    expect(codeOf(bundleOf((note) => cosigned(cosigned(note, first, AT_S), second, AT_S + 3600)))).toBe("log.witnesses");
    const lapsed = trustWith(ring, (body) => ({ ...asking(2, [first, third])(body), keys: [...asking(2, [first, third])(body).keys, witnessLine(second, { from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" })] }));
    expect(codeOf(by(first, second), lapsed)).toBe("log.witnesses");
    expect(codeOf(by(first, third), lapsed)).toBe("verified");
  });
  test("attack: a bad cosignature refuses even beside enough good ones", () => {
    const bad = (note: string): string => note + cosignatureLine(third.key, AT_S, new Uint8Array(64));
    expect(codeOf(bundleOf((note) => bad(cosigned(cosigned(note, first, AT_S), second, AT_S))))).toBe("log.witnesses");
  });
});

test("whoever looks before the witnesses can have answered is told that they have not", () => {
  expect(verdict(by(first), two_of_three, { witnesses: "later" })).toMatchObject({ result: "verified", witnesses: { names: ["witness.example/a"], pending: true } });
  expect(verdict(by(first, second), two_of_three, { witnesses: "later" }).witnesses?.pending).toBe(false);
  expect(verdict(by(), ring.trust).witnesses).toBeUndefined();
});

test("attack: a cosignature that nothing vouches for is no part of our container, whose every byte counts", () => {
  expect(codeOf(by(newWitness("stranger.example")), ring.trust)).toBe("log.checkpoint");
  expect(codeOf(by(first, second, newWitness("stranger.example")))).toBe("log.checkpoint");
});

describe("a trust file is refused", () => {
  const refusal = (change: (body: TrustBody) => TrustBody): string => {
    const opened = openTrust(trustWith(ring, change));
    return opened.ok ? "open" : opened.reason.detail;
  };
  test("attack: with a quorum that both heads of a forked log could have", () => {
    expect(refusal(asking(1, [first, second]))).toContain("both heads of a forked log");
    expect(refusal(asking(2, [...all, newWitness("witness.example/d")]))).toContain("at least 3");
    expect(refusal(asking(4, all))).toContain("never be reached");
    expect(refusal(asking(1, []))).toContain("never be reached");
    expect(refusal(asking(3, all))).toBe("open");
    expect(refusal(asking(null, all))).toBe("open");
  });
  test("attack: with one key under two names, which would count twice", () => {
    expect(refusal(asking(2, [first, second, newWitness("witness.example/other", first.signer)]))).toContain("stands there twice");
  });
  test("attack: with a quorum that one operator's two keys would be most of", () => {
    expect(refusal(asking(2, [first, newWitness(first.key.name)]))).toContain("never be reached");
    expect(refusal(asking(2, [first, newWitness(first.key.name), third]))).toBe("open");
  });
  test("attack: with the log as its own witness", () => {
    expect(refusal(asking(1, [newWitness("log", ring.log)]))).toContain("a log's own");
  });
  test("with a witness that has no name, or a key of another role that has one", () => {
    const { name: _, ...nameless } = witnessLine(first);
    expect(refusal((body) => ({ ...body, keys: [...body.keys, nameless] }))).toContain("has a name");
    expect(refusal((body) => ({ ...body, keys: body.keys.map((key) => ({ ...key, name: "x" })) }))).toContain("has a name");
    expect(refusal((body) => ({ ...body, keys: [...body.keys, { ...witnessLine(first), public_key: ring.gate.key.spki.toBase64(), fingerprint: ring.gate.key.fingerprint, algorithm: ring.gate.key.algorithm }] }))).toContain("Ed25519");
  });
});

test("a majority is the least quorum that two heads cannot both have", () => {
  for (let n = 1; n <= 20; n++) {
    expect(2 * majorityOf(n)).toBeGreaterThan(n);
    expect(2 * (majorityOf(n) - 1)).toBeLessThanOrEqual(n);
    expect(quorumProblem(majorityOf(n), n)).toBeNull();
    expect(quorumProblem(majorityOf(n) - 1, n)).not.toBeNull();
  }
});

test("a witness's key is written with its own type, and never read as a log's", () => {
  const text = cosignerKeyText(first.key);
  expect(parseCosignerKey(text)?.hash).toEqual(first.key.hash);
  expect(parseVerifierKey(text)).toBeNull();
  expect(parseCosignerKey(verifierKeyText(noteKey("witness.example/a", first.key.key)))).toBeNull();
});

test("the specification's example carries a cosignature of this very form", () => {
  // C2SP tlog-cosignature: a cosignature of time 1679315147 by witness.example.com/w1, whose public key the page does not print.
  const blob = Uint8Array.fromBase64("jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==");
  expect(blob.length).toBe(4 + 8 + 64);
  const own = cosignatureLine(first.key, 1679315147, blob.slice(12)).trimEnd().split(" ").at(-1) ?? "";
  expect(Uint8Array.fromBase64(own).slice(4)).toEqual(blob.slice(4));
});

test("what is said of witnesses: who, how many were asked for, and what is not proved without them", () => {
  const of = (found: Partial<WitnessVerification>) => witnessText({ quorum: 2, of: 3, names: ["a", "b"], oldest: "2026-11-22T09:59:25Z", pending: false, ...found }).join();
  expect(of({})).toBe("witnessed by 2 of 3 witnesses, 2 asked for: a, b; the first on 2026-11-22T09:59:25Z");
  expect(of({ names: ["a"], pending: true })).toStartWith("not proved: that the log shows everybody the same history; witness quorum pending (1 of 3");
  expect(of({ names: [], quorum: null, oldest: null })).toBe("not proved: that the log shows everybody the same history (0 of 3 witnesses that the trust file names, and it asks for none)");
  expect(witnessText(undefined)).toEqual([]);
});
