/** Attacks on range proofs, each named after what it does. A liar here holds the signing key, unless it says otherwise. */
import { beforeAll, describe, expect, test } from "bun:test";
import { sha3_512, shake256 } from "@noble/hashes/sha3.js";
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import type { Bundle } from "../../../proto/bundle.ts";
import { canonicalBytes, canonicalText } from "../../../proto/canonical.ts";
import { concatBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from "../../../proto/encoding.ts";
import type { RangeProofEntry } from "../../../proto/range.ts";
import type { Verification } from "../../../proto/verification.ts";
import { proveRange, type Secrets } from "../../evidence/range/prove.ts";
import { newRing, NOW } from "../../testing/evidence.ts";
import { HIDDEN_SAMPLES, makeHidden, type HiddenBundle, type HiddenTampering } from "../../testing/hidden.ts";
import { verifyBundle } from "../bundle.ts";
import { hideLeaves } from "../hide.ts";
import { leafBytes, hashLeaf } from "../leaves.ts";
import { rangeGroup } from "./engine.ts";
import { commit, openingDigest } from "./opening.ts";
import { decodeProof, IDENTITY } from "./proof.ts";
import { ORDER, toBytesLe } from "./scalars.ts";
import { Transcript } from "./transcript.ts";
import { beginStatement, rangeCommitments, type RangeClaim, type RangeSubject } from "./statement.ts";
import { verifyRange } from "./verify.ts";

const ring = newRing();
let good: HiddenBundle;
beforeAll(async () => {
  good = await makeHidden(ring);
});
const verify = (bundle: Uint8Array, more: { readonly bounds?: Uint8Array; readonly opening?: Uint8Array } = {}): Verification => verifyBundle(bundle, ring.trust, { now: NOW, ...more });
const codeOf = async (tampering: HiddenTampering): Promise<string | undefined> => verify((await makeHidden(ring, tampering)).bundle).reasons[0]?.code;
const parsed = (bundle: Uint8Array): Bundle => JSON.parse(fromUtf8(bundle) ?? "") as Bundle;
/** Of somebody who has the bundle and no key. */
const rewritten = (change: (proofs: RangeProofEntry[]) => RangeProofEntry[] | undefined): Verification => {
  const { range_proofs = [], ...rest } = parsed(good.bundle);
  const proofs = change(structuredClone(range_proofs));
  return verify(canonicalBytes({ ...rest, ...(proofs === undefined ? {} : { range_proofs: proofs }) }));
};
const claims = (): RangeClaim[] => good.hidden.map(({ index, leaf }) => ({ index, leaf, leaf_hash: toHex(hashLeaf(leafBytes(leaf))) }));
const proofBytes = (): Uint8Array => fromBase64(good.proofs[0]?.proof ?? "") ?? new Uint8Array(0);

test("three numbers with four bounds are one proof of 736 bytes, and every one is said as proved, by the configuration's bounds", () => {
  expect(good.proofs.map(({ leaves, proof }) => [leaves.length, fromBase64(proof)?.length])).toEqual([[3, 736]]);
  const { result, ranges } = verify(good.bundle);
  expect(result).toBe("verified");
  expect(ranges?.map((one) => [one.obligation, one.result, one.min, one.max, one.bounds])).toEqual([["coverage", "proved", "8000", null, "configuration"], ["flake", "proved", null, "500", "configuration"], ["spend", "proved", "0", "9900", "configuration"]]);
  expect(fromUtf8(good.bundle)).not.toContain('"8125"');
});

describe("frozen heart: a public value that is not in the transcript could be changed afterwards", () => {
  type Change = (subject: RangeSubject, claims: RangeClaim[]) => [RangeSubject, RangeClaim[]];
  const identity = (change: object): Change => (subject, all) => [{ ...subject, identity: { ...subject.identity, ...change } }, all];
  const leaf = (change: object): Change => (subject, all) => [subject, all.map((one) => ({ ...one, leaf: { ...one.leaf, ...change } }))];
  const changes: Readonly<Record<string, Change>> = {
    "another configuration": identity({ config: `config:${"z".repeat(52)}` }),
    "another policy": identity({ policy: `policy:${"z".repeat(52)}` }),
    "another head": identity({ head: "9".repeat(40) }),
    "another tree": identity({ tree_sha256: "9".repeat(64) }),
    "another repository": identity({ repo_id: "local:0:other" }),
    "another gate id": (subject, all) => [{ ...subject, gate_id: `gate:${"z".repeat(52)}` }, all],
    "another attempt": (subject, all) => [{ ...subject, attempt: { ...subject.attempt, attempt: 9 } }, all],
    "another root": (subject, all) => [{ ...subject, manifest: { ...subject.manifest, root: "9".repeat(64) } }, all],
    "another size": (subject, all) => [{ ...subject, manifest: { ...subject.manifest, size: 99 } }, all],
    "another place in the tree": (subject, all) => [subject, all.map((one) => ({ ...one, index: one.index + 1 }))],
    "another leaf hash": (subject, all) => [subject, all.map((one) => ({ ...one, leaf_hash: "9".repeat(64) }))],
    "another name": leaf({ name: "other" }),
    "another component": leaf({ component: "other" }),
    "another unit": leaf({ unit: "permille" }),
    "another scale": leaf({ scale: 3 }),
    "another minimum": leaf({ min: "1" }),
    "another maximum": leaf({ max: "99999" }),
    "another commitment": leaf({ commitment: toBase64(ristretto255.Point.BASE.toBytes()) }),
    "one claim less": (subject, all) => [subject, all.slice(1)],
  };
  const holds = (subject: RangeSubject, all: readonly RangeClaim[], bits: 8 | 32 = 32): boolean => {
    const proof = decodeProof(proofBytes());
    // The very commitments of the honest proof: what differs is the transcript alone.
    const commitments = rangeCommitments(rangeGroup(), claims());
    return proof !== null && commitments !== null && verifyRange(rangeGroup(), beginStatement(subject, all, bits), 32, commitments, proof);
  };

  test("the proof holds for what it was made for", () => {
    expect(holds(good.subject, claims())).toBe(true);
  });
  test.each(Object.keys(changes))("%s", (name) => {
    const [subject, all] = changes[name]?.(good.subject, claims()) ?? [good.subject, claims()];
    expect(holds(subject, all)).toBe(false);
  });
  test("another number of bits, said and used", () => {
    expect(holds(good.subject, claims(), 8)).toBe(false);
    const commitments = rangeCommitments(rangeGroup(), claims()) ?? [];
    const proof = decodeProof(proofBytes());
    for (const n of [8, 16, 64]) expect(proof !== null && verifyRange(rangeGroup(), beginStatement(good.subject, claims(), 32), n, commitments, proof)).toBe(false);
  });
  test("every element of the proof moved by one", () => {
    const commitments = rangeCommitments(rangeGroup(), claims()) ?? [];
    const bytes = proofBytes();
    const moved = concatBytes(bytes.subarray(32), bytes.subarray(0, 32));
    const proof = decodeProof(moved);
    expect(proof !== null && verifyRange(rangeGroup(), beginStatement(good.subject, claims(), 32), 32, commitments, proof)).toBe(false);
  });
});

describe("malformed", () => {
  const withElement = (at: number, element: Uint8Array): Verification =>
    rewritten((proofs) => proofs.map((one) => {
      const bytes = fromBase64(one.proof)?.slice() ?? new Uint8Array(0);
      bytes.set(element, at * 32);
      return { ...one, proof: toBase64(bytes) };
    }));
  const refused = { result: "failed", reasons: [{ code: "range.proof" }] } as const;

  test.each([0, 1, 2, 3, 7, 8, 20])("the identity as point %i", (at) => {
    expect(withElement(at, IDENTITY)).toMatchObject(refused);
  });
  test.each([4, 5, 6, 21, 22])("a scalar written as itself plus the order, element %i", (at) => {
    const scalar = proofBytes().subarray(at * 32, (at + 1) * 32);
    const value = BigInt(`0x${toHex(scalar.toReversed())}`) + ORDER;
    expect(withElement(at, toBytesLe(value))).toMatchObject(refused);
  });
  test("a point that is no canonical encoding", () => {
    // p + 2, a negative element, and 2^255 - 1: RFC 9496, appendix A.3.
    for (const hex of [`ef${"ff".repeat(30)}7f`, `01${"00".repeat(31)}`, "ff".repeat(32)]) expect(withElement(0, fromHex(hex) ?? IDENTITY)).toMatchObject(refused);
  });
  test.each([0, 31, 32, 64, 735, 737, 768, 800])("%i bytes", (length) => {
    expect(rewritten((proofs) => proofs.map((one) => ({ ...one, proof: toBase64(new Uint8Array(length).fill(1)) })))).toMatchObject(refused);
  });
  /** Of a prover who follows no rule but the equations. */
  const crooked = (bits: number, secrets: Secrets): { readonly proof: Uint8Array; readonly commitments: Uint8Array[] } => {
    const opening = { value: 5n, blinding: 77n };
    const steps = proveRange(rangeGroup(), Transcript.begin("crooked"), { bits, openings: [opening] }, secrets);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    return { proof: step.value, commitments: [commit(rangeGroup(), opening)] };
  };
  const takes = (bits: number, { proof, commitments }: ReturnType<typeof crooked>): boolean => {
    const decoded = decodeProof(proof);
    return decoded !== null && verifyRange(rangeGroup(), Transcript.begin("crooked"), bits, commitments, decoded);
  };
  const some: Secrets = (_what, count) => Array.from({ length: count }, (_, i) => BigInt(i * i + 3));

  test("identity points that fit every equation: blindings of zero leave S, T1 and T2 empty", () => {
    const zero: Secrets = (what, count) => Array.from({ length: count }, (_, i) => (what === "blindings" && i === 0 ? 9n : 0n));
    expect(takes(8, crooked(8, zero))).toBe(false);
    expect(takes(8, crooked(8, some))).toBe(true);
  });
  test("a sound proof of four bits, which nobody may ask for", () => {
    expect(takes(4, crooked(4, some))).toBe(false);
  });
  test("sixteen commitments, and a proof that is long enough for them", () => {
    const proof = decodeProof(new Uint8Array(32 * (9 + 14)).fill(2).map((byte, i) => (i % 32 === 31 ? 0 : byte)));
    const commitments = Array.from({ length: 16 }, () => ristretto255.Point.BASE.toBytes());
    expect(proof !== null && verifyRange(rangeGroup(), Transcript.begin("many"), 8, commitments, proof)).toBe(false);
  });
  test("a number of commitments that is no power of two, and bits that nobody proves", () => {
    const commitments = rangeCommitments(rangeGroup(), claims()) ?? [];
    const proof = decodeProof(proofBytes());
    if (proof === null) throw new Error("no proof");
    for (const m of [0, 1, 2, 3]) expect(verifyRange(rangeGroup(), beginStatement(good.subject, claims(), 32), 32, commitments.slice(0, m), proof)).toBe(false);
    for (const n of [0, 1, 31, 33, 128, Number.NaN]) expect(verifyRange(rangeGroup(), beginStatement(good.subject, claims(), 32), n, commitments, proof)).toBe(false);
  });
});

describe("bounds are never the prover's", () => {
  test("a liar with the key proves a number against a bound it meets, and not the configuration's", async () => {
    const milder = (samples: typeof HIDDEN_SAMPLES) => samples.map((one) => ({ ...one, min: one.min === null ? null : one.min + 500 }));
    expect(await codeOf({ configured: milder })).toBe("range.bounds");
  });
  test("other bits, unit or scale than the configuration's", async () => {
    expect(await codeOf({ configured: (samples) => samples.map((one) => ({ ...one, bits: 16 as const })) })).toBe("range.bounds");
    for (const change of [{ unit: "permille" }, { scale: 1 }, { min: "7999" }, { max: "99999999" }]) expect(await codeOf({ leaf: (leaf) => (leaf.name === "coverage" ? { ...leaf, ...change } : leaf) })).toBe("range.bounds");
  });
  test("a number that the configuration does not ask for, or does not hide", async () => {
    expect(await codeOf({ configured: (samples) => samples.slice(1) })).toBe("range.bounds");
    expect(await codeOf({ configured: (samples) => samples.map((one) => ({ ...one, hide: false })) })).toBe("range.bounds");
  });
  test("a configuration that the identity does not name", async () => {
    expect(await codeOf({ identity: { config: `config:${"a".repeat(52)}` } })).toBe("range.bounds");
  });
  test("without any configuration it is said whose word the bounds are; with the auditor's own it is theirs, and another one refuses", async () => {
    const { bundle, config } = await makeHidden(ring, { config_travels: false });
    expect(verify(bundle).ranges?.map(({ bounds }) => bounds)).toEqual(["signer", "signer", "signer"]);
    expect(verify(bundle, { bounds: config }).ranges?.map(({ bounds }) => bounds)).toEqual(["given", "given", "given"]);
    const stricter = utf8((fromUtf8(config) ?? "").replace('"80.00"', '"85.00"'));
    expect(verify(bundle, { bounds: stricter }).reasons[0]?.code).toBe("range.bounds");
    expect(verify(bundle, { bounds: utf8("{}") }).reasons[0]?.code).toBe("range.bounds");
  });
  test("range wrap: a number below its bound is far above it modulo the order, and cannot be proved", async () => {
    const low = [{ name: "coverage", value: 7999, min: 8000, max: null }] as const;
    await expect(makeHidden(ring, { samples: low })).rejects.toThrow("does not fit in 32 bits");
    const high = [{ name: "coverage", value: 9901, min: null, max: 9900 }] as const;
    await expect(makeHidden(ring, { samples: high })).rejects.toThrow("does not fit in 32 bits");
  });
});

describe("a proof belongs to its gate, leaf and subject", () => {
  test("replayed in another gate of the same number: another head, attempt or tree", async () => {
    for (const change of [{ identity: { head: "8".repeat(40) } }, { identity: { tree_sha256: "8".repeat(64) } }, { attempt: { attempt: 7 } }, { attempt: { valid_until: "2026-11-24T09:59:00Z" } }]) {
      expect(await codeOf({ ...change, proofs: () => [...good.proofs] })).toBe("range.proof");
    }
  });
  test("a commitment moved to another leaf, to another gate, or used twice", async () => {
    const [first, , last] = good.hidden;
    const moved = (to: string) => ({ leaf: (leaf: (typeof good.hidden)[number]["leaf"]) => (leaf.name === to && first?.leaf.hidden !== undefined ? { ...leaf, commitment: first.leaf.commitment, hidden: first.leaf.hidden } : leaf) });
    expect(await codeOf(moved("flake"))).toBe("range.proof");
    expect(last?.leaf.commitment).not.toBe(first?.leaf.commitment);
    // Alone in another gate: the thief knows the commitment and its proof, not the opening.
    expect(await codeOf({ samples: HIDDEN_SAMPLES.slice(0, 1), ...moved("coverage"), attempt: { attempt: 8 }, proofs: () => [...good.proofs] })).toBe("range.proof");
  });
  test("one commitment for two numbers, honestly proved: whoever opens one opens the other", async () => {
    const samples = ["a", "b"].map((name) => ({ name, value: 8125, min: 8000, max: null }));
    const { bundle, hidden } = await makeHidden(ring, { samples });
    const [first] = hidden;
    expect(verify(bundle).result).toBe("verified");
    const copied = (leaf: (typeof hidden)[number]["leaf"]) => (first?.leaf.hidden === undefined ? leaf : { ...leaf, commitment: first.leaf.commitment, hidden: first.leaf.hidden });
    expect(await codeOf({ samples, leaf: copied, proved: (subject, openings) => [subject, openings.map((one) => ({ ...one, opening: first?.opening ?? one.opening }))] })).toBe("range.proof");
  });
  test("made for leaves in another order, or for fewer", async () => {
    expect(await codeOf({ proved: (subject, hidden) => [subject, hidden.toReversed()] })).toBe("range.proof");
    expect(await codeOf({ proved: (subject, hidden) => [subject, hidden.slice(1)] })).toBe("range.proof");
  });
  test("a proof taken out, there twice, about other leaves, or about none", () => {
    const refused = { result: "failed", reasons: [{ code: "range.proof" }] };
    expect(rewritten(() => undefined)).toMatchObject(refused);
    expect(rewritten((proofs) => [...proofs, ...proofs])).toMatchObject(refused);
    expect(rewritten((proofs) => proofs.map((one) => ({ ...one, leaves: one.leaves.slice(1) })))).toMatchObject(refused);
    expect(rewritten((proofs) => proofs.map((one) => ({ ...one, leaves: one.leaves.toReversed() })))).toMatchObject(refused);
    expect(rewritten((proofs) => proofs.map((one) => ({ ...one, leaves: one.leaves.map((index) => index + 1) })))).toMatchObject(refused);
    expect(rewritten((proofs) => proofs.map((one) => ({ ...one, leaves: [...one.leaves, 9999] })))).toMatchObject(refused);
    expect(rewritten((proofs) => proofs.map((one) => ({ ...one, leaves: [1, ...one.leaves] })))).toMatchObject(refused);
    expect(rewritten((proofs) => proofs)).toMatchObject({ result: "verified" });
  });
  test("a leaf that hides by half, or hides what was not measured", async () => {
    expect(await codeOf({ leaf: ({ hidden: _, ...leaf }) => leaf })).toBe("manifest.leaves");
    expect(await codeOf({ leaf: (leaf) => ({ ...leaf, outcome: "unavailable" }) })).toBe("manifest.leaves");
    expect(await codeOf({ leaf: (leaf) => ({ ...leaf, value: "8125" }) })).toBe("manifest.leaves");
  });
  test("where one leaf of a proof is hidden by an auditor, the others are said as not proved, never as proved", () => {
    const shown = verify(hideLeaves(good.bundle, ["numeric/flake"]));
    expect([shown.result, shown.ranges?.map(({ obligation, result }) => [obligation, result])]).toEqual(["verified", [["coverage", "not_proved"], ["spend", "not_proved"]]]);
    const none = hideLeaves(good.bundle, ["coverage", "flake", "spend"]);
    expect([verify(none).result, fromUtf8(none)?.includes("range_proofs")]).toEqual(["verified", false]);
  });
});

describe("what a failed number shows", () => {
  test("no proof, and a sentence that says so; a proof for it is refused", async () => {
    const samples = [{ ...HIDDEN_SAMPLES[0]!, value: 7000, result: "fail" as const }, ...HIDDEN_SAMPLES.slice(1)];
    const { bundle, hidden } = await makeHidden(ring, { samples });
    expect(verify(bundle).ranges?.map(({ result }) => result)).toEqual(["outside", "proved", "proved"]);
    expect(await codeOf({ samples, proofs: (proofs) => proofs.map((one) => ({ ...one, leaves: [hidden[0]?.index ?? 0, ...one.leaves] })) })).toBe("range.proof");
  });
});

describe("openings", () => {
  const opening = (change: object = {}): Uint8Array => {
    const [first] = good.hidden;
    const { value = 0n, blinding = 0n } = first?.opening ?? {};
    return canonicalBytes({ type: "maestro.opening", v: 1, gate_id: good.subject.gate_id, attempt: good.subject.attempt.attempt, obligation: "coverage", value: value.toString(), unit: "percent", scale: 2, blinding: toBase64(toBytesLe(blinding)), ...change });
  };
  test("the number that the leaf holds, and no other in any respect", () => {
    expect(verify(good.bundle, { opening: opening() })).toMatchObject({ result: "verified", opening: { obligation: "coverage", value: "8125" } });
    const others = [{ value: "8126" }, { blinding: toBase64(toBytesLe(5n)) }, { obligation: "flake" }, { obligation: "none" }, { scale: 1 }, { unit: null }, { attempt: 9 }, { gate_id: "gate:x" }, { extra: 1 }];
    for (const change of others) expect(verify(good.bundle, { opening: opening(change) }).reasons[0]?.code, canonicalText(change)).toBe("range.opening");
  });
  test("an opening that fits the hash and not the commitment is refused", async () => {
    const other = { value: 8126n, blinding: 5n };
    const forged = await makeHidden(ring, { leaf: (leaf) => (leaf.hidden === undefined ? leaf : { ...leaf, hidden: { ...leaf.hidden, opening_sha256: openingDigest(other) } }) });
    expect(verify(forged.bundle, { opening: opening({ value: "8126", blinding: toBase64(toBytesLe(5n)) }) }).reasons[0]?.code).toBe("range.opening");
  });
  test("an opening that fits the commitment and not the hash is refused: it would be one by whoever takes discrete logarithms", async () => {
    const forged = await makeHidden(ring, { leaf: (leaf) => (leaf.hidden === undefined ? leaf : { ...leaf, hidden: { ...leaf.hidden, opening_sha256: openingDigest({ value: 1n, blinding: 1n }) } }) });
    expect(verify(forged.bundle).result).toBe("verified");
    expect(verify(forged.bundle, { opening: opening() }).reasons[0]?.code).toBe("range.opening");
  });
});

describe("generators come out of nobody's sleeve", () => {
  const derived = (uniform: Uint8Array): string => toHex(ristretto255_hasher.deriveToCurve!(uniform).toBytes());
  const only = (list: "g" | "h", at: number, bits: number): string => toHex(rangeGroup().sum({ bits, g: [], h: [], basepoint: 0n, blinding: 0n, points: [], [list]: Array.from({ length: at + 1 }, (_, i) => (i === at ? 1n : 0n)) }) ?? new Uint8Array(0));

  test("B~ is a hash of B, as dalek has it", () => {
    const blinding = toHex(rangeGroup().sum({ bits: 8, g: [], h: [], basepoint: 0n, blinding: 1n, points: [] }) ?? new Uint8Array(0));
    expect(blinding).toBe(derived(sha3_512(ristretto255.Point.BASE.toBytes())));
    expect(blinding).toBe("8c9240b456a9e6dc65c377a1048d745f94a08cdb7f44cbcd7b46f34048871134");
  });
  test("G and H are draws of SHAKE256 over a name and a party, derived here anew", () => {
    for (const [list, letter] of [["g", "G"], ["h", "H"]] as const) {
      for (const party of [0, 1, 7]) {
        const stream = shake256.create({}).update(concatBytes(utf8("GeneratorsChain"), utf8(letter), toBytesLe(BigInt(party), 4)));
        const draws = Array.from({ length: 64 }, () => derived(stream.xof(64)));
        for (const i of [0, 1, 7]) expect(only(list, party * 8 + i, 8)).toBe(draws[i] ?? "");
        for (const i of [31, 63]) expect(only(list, party * 64 + i, 64)).toBe(draws[i] ?? "");
      }
    }
  });
});
