import { expect, test } from "bun:test";
import { canonicalText } from "../../proto/canonical.ts";
import type { Verification } from "../../proto/verification.ts";
import { makeBundle, newRing, NOW, SAMPLE_OUTCOMES } from "../testing/evidence.ts";
import { verifyBundle, verifyWithTrust } from "./bundle.ts";
import { openTrust } from "./trust.ts";

const ring = newRing();
// One outcome instead of many: the time goes with the square of the bundle's size.
const bundle = makeBundle(ring, { outcomes: SAMPLE_OUTCOMES.slice(0, 1) });
const opened = openTrust(ring.trust);

/** Bits chosen so that letters change case, digits become other digits, and nothing stays valid UTF-8 (0x80). */
const FLIPS = [0x01, 0x20, 0x80] as const;

interface Count {
  refused: number;
  same: number;
  different: number;
}

function flipAll(bytes: Uint8Array, verify: (mutant: Uint8Array) => Verification): Count {
  const before = canonicalText(verify(bytes).statement);
  const count: Count = { refused: 0, same: 0, different: 0 };
  const mutant = bytes.slice();
  for (let i = 0; i < bytes.length; i++) {
    const original = bytes[i] ?? 0;
    for (const flip of FLIPS) {
      mutant[i] = original ^ flip;
      const { result, statement } = verify(mutant);
      count[result !== "verified" ? "refused" : canonicalText(statement) === before ? "same" : "different"] += 1;
    }
    mutant[i] = original;
  }
  return count;
}

test("each byte of a bundle, changed three ways: every mutant is refused", () => {
  if (!opened.ok) throw new Error(opened.reason.detail);
  const trust = opened.value;
  const count = flipAll(bundle, (mutant) => verifyWithTrust(mutant, trust, { now: NOW }));
  expect(count).toEqual({ refused: FLIPS.length * bundle.length, same: 0, different: 0 });
}, 120_000);

test("each byte of a trust file, changed three ways: every mutant is refused", () => {
  const count = flipAll(ring.trust, (mutant) => verifyBundle(bundle, mutant, { now: NOW }));
  expect(count).toEqual({ refused: FLIPS.length * ring.trust.length, same: 0, different: 0 });
}, 60_000);

test("canary: the harness tells a refused mutant from one that passes", () => {
  const answer = verifyBundle(bundle, ring.trust, { now: NOW });
  const lax = flipAll(Uint8Array.of(1, 2), (mutant) => (mutant[0] === 1 && mutant[1] === 2 ? answer : { ...answer, statement: null }));
  expect(lax).toEqual({ refused: 0, same: 0, different: 6 });
});
