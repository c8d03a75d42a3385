import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { StoreLimits } from "../../../proto/config.ts";
import { fromBase64, fromUtf8Lossy, toBase64, utf8 } from "../../../proto/encoding.ts";
import { HiddenNumber } from "../../../proto/hidden-number.ts";
import type { MeasuredObligation } from "../../../proto/outcome.ts";
import { openStore } from "../../store/db.ts";
import { newRing, NOW, recordInput, SAMPLE_DECISION, SAMPLE_IDENTITY } from "../../testing/evidence.ts";
import { makeHidden } from "../../testing/hidden.ts";
import { times } from "../../testing/scale.ts";
import { verifyBundle } from "../../verifier/index.ts";
import { rangeGroup } from "../../verifier/range/engine.ts";
import { createEvidence, type Evidence } from "../index.ts";
import { coreLeaves, unsaltedCore } from "../manifest/core.ts";
import { blindingOf, sealOpenings, unsealOpenings } from "./blinding.ts";
import { holdingRanges, proveRanges } from "./index.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(now: () => number): Promise<Evidence> {
  const state_dir = mkdtempSync(join(tmpdir(), "maestro-range-"));
  cleanups.push(() => rmSync(state_dir, { recursive: true, force: true }));
  const failures: unknown[] = [];
  const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal: (reason) => failures.push(reason) });
  const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", clock: { now_ms: now, boottime_ms: now, boot_id: () => "boot" }, time_froze: (step_ms) => failures.push(step_ms), projection_failed: (error) => failures.push(error) });
  cleanups.push(async () => {
    await evidence.published();
    await store.close();
    expect(failures).toEqual([]);
  });
  return evidence;
}

const hidden = (name: string, value: bigint, bounds: { readonly min?: string; readonly max?: string }): MeasuredObligation => ({
  name, kind: "numeric", required: true, result: "pass", observer: "sandbox", value: null, unit: null, scale: 0, min: bounds.min ?? null, max: bounds.max ?? null, because: null, source_sha256: "7".repeat(64), hidden: true, secret: new HiddenNumber(value, 32),
});
const nothing = (): void => undefined;

describe("record", () => {
  test("a hidden number is proved in the bundle, sealed beside it, and stands in neither", async () => {
    const evidence = await open(() => NOW.getTime());
    const { bundle, openings } = await evidence.record({ ...recordInput(evidence.trust_domain, 1), obligations: [hidden("spend", 714219583n, { max: "900000000" })] }, nothing);
    expect(verifyBundle(bundle, evidence.trust_bytes, { now: NOW })).toMatchObject({ result: "verified", ranges: [{ obligation: "spend", result: "proved", max: "900000000", bounds: "signer" }] });
    expect(fromUtf8Lossy(bundle)).not.toContain("714219583");
    expect(fromUtf8Lossy(fromBase64(openings ?? "") ?? new Uint8Array(0))).not.toContain("714219583");
    const of = { gate_id: JSON.parse(fromUtf8Lossy(bundle)).manifest.gate_id as string, attempt: 1 };
    expect(evidence.reveal(openings ?? "", of, "spend").value).toBe("714219583");
    expect(() => evidence.reveal(openings ?? "", of, "other")).toThrow("hides no other");
    expect(() => evidence.reveal(openings ?? "", { ...of, attempt: 2 }, "spend")).toThrow("cannot be opened");
  });

  test("attack: whoever hands in reports for the same change tries which one another attempt was measured from", async () => {
    const evidence = await open(() => NOW.getTime());
    const macs: string[] = [];
    for (const attempt of [1, 2]) {
      const { bundle } = await evidence.record({ ...recordInput(evidence.trust_domain, attempt), obligations: [hidden("spend", 714219583n, { max: "900000000" })] }, nothing);
      macs.push(/"name":"spend"[^{}]*"source_mac":"([0-9a-f]{64})"/.exec(fromUtf8Lossy(bundle))?.[1] ?? "none");
    }
    expect(macs).not.toContain("none");
    expect(macs[0]).not.toBe(macs[1]!);
  });

  test("the log moves on while a proof is made: both entries stand, and no time goes back", async () => {
    let now_ms = NOW.getTime();
    const evidence = await open(() => now_ms);
    const obligations = Array.from({ length: 8 }, (_, i) => hidden(`n${i}`, 5n, { max: "9" }));
    const slow = evidence.record({ ...recordInput(evidence.trust_domain, 1), obligations }, nothing);
    now_ms += 5_000;
    const quick = await evidence.record(recordInput(evidence.trust_domain, 1, { head: "8".repeat(40) }), nothing);
    const { proof, bundle } = await slow;
    expect([quick.proof.log_index, proof.log_index > quick.proof.log_index]).toEqual([0, true]);
    expect(verifyBundle(bundle, evidence.trust_bytes, { now: new Date(now_ms) }).result).toBe("verified");
    expect(evidence.logState().time_s).toBe(Math.floor(now_ms / 1000));
  });

  test("attack: sixty numbers on a host whose other gates wait until all of them are verified again: of a proof that was seen to hold nothing is computed twice", async () => {
    const ring = newRing();
    const { bundle, subject, hidden: openings, proofs } = await makeHidden(ring, { samples: Array.from({ length: 9 }, (_, i) => ({ name: `n${i}`, value: 5, min: null, max: 9 })) });
    const ranges_seen = await holdingRanges(subject, openings, proofs);
    expect([proofs.length, ranges_seen.size]).toEqual([2, 2]);
    const sums = spyOn(rangeGroup(), "sum");
    expect(verifyBundle(bundle, ring.trust, { now: NOW, ranges_seen }).ranges).toHaveLength(9);
    expect(sums).toHaveBeenCalledTimes(0);
    // What was seen is one proof of one statement: any other is computed, and refused where it does not hold.
    const other = await makeHidden(ring, { samples: [{ name: "n0", value: 5, min: null, max: 9 }], proofs: (own) => own.map((one) => ({ ...one, proof: proofs[1]?.proof ?? "" })) });
    expect(verifyBundle(other.bundle, ring.trust, { now: NOW, ranges_seen }).reasons[0]?.code).toBe("range.proof");
    expect((await holdingRanges(other.subject, other.hidden, other.proofs)).size).toBe(0);
    sums.mockRestore();
  });

  test("others are served while eight bounds are proved: the prover looks away after each of its eighteen sums", async () => {
    const { subject, hidden: openings } = await makeHidden(newRing(), { samples: Array.from({ length: 8 }, (_, i) => ({ name: `n${i}`, value: 5, min: null, max: 9 })) });
    let served = 0;
    let over = false;
    const others = (async () => {
      while (!over) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        served += 1;
      }
    })();
    await proveRanges(subject, openings);
    over = true;
    await others;
    expect(served).toBeGreaterThanOrEqual(18);
  });
});

test("the digest of what was found is kept, and no number can be guessed from it", () => {
  const core = (value: bigint): string => unsaltedCore(SAMPLE_IDENTITY, coreLeaves({ decision: SAMPLE_DECISION, outcomes: [], obligations: [hidden("spend", value, { max: "9" })], documents: [] }));
  expect(core(5n)).toBe(core(6n));
  // The report may hold nothing but the number: its digest is guessed as easily.
  const measuredFrom = (source_sha256: string) => unsaltedCore(SAMPLE_IDENTITY, coreLeaves({ decision: SAMPLE_DECISION, outcomes: [], obligations: [{ ...hidden("spend", 5n, { max: "9" }), source_sha256 }], documents: [] }));
  expect(measuredFrom("8".repeat(64))).toBe(measuredFrom("7".repeat(64)));
});

test("nine bounds are two proofs, and numbers of two sizes too; all of them are proved", async () => {
  const ring = newRing();
  const samples = Array.from({ length: 9 }, (_, i) => ({ name: `n${i}`, value: 5, min: 0, max: null, ...(i === 8 ? { bits: 8 as const } : {}) }));
  const { bundle, proofs } = await makeHidden(ring, { samples });
  expect(proofs.map(({ leaves }) => leaves.length)).toEqual([8, 1]);
  expect(fromBase64(proofs[0]?.proof ?? "")?.length).toBe(800);
  expect(verifyBundle(bundle, ring.trust, { now: NOW }).ranges?.every(({ result }) => result === "proved")).toBe(true);
});

test("every number within its bounds is proved, both ends too; no number outside of them is", async () => {
  const ring = newRing();
  const bounds = fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 0, max: 250 }), fc.constantFrom(0, 0.5, 1), fc.constantFrom("both", "min", "max"));
  const holds = fc.asyncProperty(bounds, async ([min, span, at, which]) => {
    const [low, high] = [which === "max" ? null : min, which === "min" ? null : min + span];
    const sample = (value: number) => [{ name: "n", value, min: low, max: high, bits: 8 as const }];
    const { bundle } = await makeHidden(ring, { samples: sample(Math.round(min + at * span)) });
    expect(verifyBundle(bundle, ring.trust, { now: NOW }).ranges?.[0]?.result).toBe("proved");
    for (const outside of [...(low === null ? [] : [low - 1]), ...(high === null ? [] : [high + 1])]) await expect(makeHidden(ring, { samples: sample(outside) })).rejects.toThrow("does not fit");
  });
  await fc.assert(holds, { numRuns: times(8) });
  expect(true).toBe(true);
});

describe("blindings", () => {
  const secret = utf8("a secret of thirty-two bytes, ok");
  const of = { gate_id: "gate:a", attempt: 1, name: "spend", value: 5n };

  test("are never used twice: another gate, attempt, name, number or node is another blinding", () => {
    const others = [of, { ...of, gate_id: "gate:b" }, { ...of, attempt: 2 }, { ...of, name: "cost" }, { ...of, value: 6n }, { ...of, value: -5n }].map((one) => blindingOf(secret, one));
    others.push(blindingOf(utf8("another secret"), of), ...Array.from({ length: 200 }, (_, i) => blindingOf(secret, { ...of, value: BigInt(i + 100) })));
    expect(new Set(others).size).toBe(others.length);
    expect(blindingOf(secret, of)).toBe(blindingOf(secret, { ...of }));
  });

  test("a prover whose source of randomness stands still gives nothing away by two proofs of two numbers", async () => {
    const still = () => new Uint8Array(32);
    const ring = newRing();
    const [a, b] = await Promise.all([5, 6].map((value) => makeHidden(ring, { samples: [{ name: "n", value, min: 0, max: null }] })));
    const proofs = await Promise.all([a, b].map((one) => (one === undefined ? [] : proveRanges(one.subject, one.hidden, still))));
    const [first, second] = proofs.map(([one]) => fromBase64(one?.proof ?? "") ?? new Uint8Array(0));
    // A and S are hidden by blindings alone: two that are the same would tell how the numbers differ.
    for (const element of [0, 1, 2, 3]) expect(first?.subarray(element * 32, element * 32 + 32)).not.toEqual(second?.subarray(element * 32, element * 32 + 32) ?? new Uint8Array(0));
  });
});

describe("sealed openings", () => {
  const secret = utf8("a secret of thirty-two bytes, ok");
  const of = { gate_id: "gate:a", attempt: 1 };
  const sealed = sealOpenings(secret, of, new Map([["spend", { value: -5n, blinding: 7n }]]));

  test("open for their gate and node alone, and never with a bit changed", () => {
    expect(unsealOpenings(secret, of, sealed)["spend"]?.value).toBe("-5");
    for (const [key, place] of [[utf8("another"), of], [secret, { ...of, attempt: 2 }], [secret, { ...of, gate_id: "gate:b" }]] as const) expect(() => unsealOpenings(key, place, sealed)).toThrow("cannot be opened");
    const bytes = fromBase64(sealed) ?? new Uint8Array(0);
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(() => unsealOpenings(secret, of, toBase64(flipped))).toThrow("cannot be opened");
    }
    expect(() => unsealOpenings(secret, of, "")).toThrow("cannot be opened");
  });
  test("attack: a record's length tells how many digits a number has", () => {
    const lengths = [0n, 7n, -7n, 714219583n, 10n ** 37n, -(10n ** 38n - 1n)].map((value) => sealOpenings(secret, of, new Map([["spend", { value, blinding: 7n }]])).length);
    expect(new Set(lengths).size).toBe(1);
  });
  test("two of the same are not alike", () => {
    expect(sealOpenings(secret, of, new Map([["spend", { value: -5n, blinding: 7n }]]))).not.toBe(sealed);
  });
});

describe("a hidden number that somebody is about to write down", () => {
  const number = new HiddenNumber(714219583n, 32);
  test("in JSON: throws", () => {
    expect(() => JSON.stringify({ number })).toThrow("about to be written down");
  });
  test("in a message, an inspection, a copy or a list of its fields: is not in it", () => {
    expect([`${number}`, String(number), inspect(number), Bun.inspect(number), JSON.stringify({ ...number }), JSON.stringify(Object.entries(number))].filter((text) => text.includes("714219583"))).toEqual([]);
    expect(number.reveal()).toBe(714219583n);
  });
});
