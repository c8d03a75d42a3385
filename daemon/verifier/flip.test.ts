import { expect, test } from "bun:test";
import { makeBundle, newRing, NOW, SAMPLE_OUTCOMES } from "../testing/evidence.ts";
import { flipAll } from "../testing/flip.ts";
import { verifyBundle, verifyWithTrust } from "./bundle.ts";
import { openTrust } from "./trust.ts";

const ring = newRing();
// One outcome instead of many: the time goes with the square of the bundle's size.
const bundle = makeBundle(ring, { outcomes: SAMPLE_OUTCOMES.slice(0, 1) });
const opened = openTrust(ring.trust);

/** Digits become other digits, letters change case, and text stops being UTF-8. All 255 changes of each byte: `npm run nightly -- flip`. */
const FLIPS = [0x01, 0x20, 0x80] as const;

test("each byte of a bundle, changed in one of three ways: every mutant is refused", () => {
  if (!opened.ok) throw new Error(opened.reason.detail);
  const trust = opened.value;
  // The ways take turns: of a run of bytes, such as a digest, each third is changed in each of them.
  const counts = FLIPS.map((flip, nth) => flipAll(bundle, [flip], (mutant) => verifyWithTrust(mutant, trust, { now: NOW }), { nth, of: FLIPS.length }));
  expect(counts.map(({ same, different }) => ({ same, different }))).toEqual(FLIPS.map(() => ({ same: 0, different: 0 })));
  expect(counts.reduce((sum, { refused }) => sum + refused, 0)).toBe(bundle.length);
}, 120_000);

test("of a bundle with documents and attestations beside the obligations, one byte in a hundred: every mutant is refused", () => {
  if (!opened.ok) throw new Error(opened.reason.detail);
  const trust = opened.value;
  const whole = makeBundle(ring, { verdict: "admit", outcomes: [], beside: (all) => all, documents: { "a.txt": "b" } });
  expect(verifyWithTrust(whole, trust, { now: NOW })).toMatchObject({ result: "verified", attestations: [{}, {}], documents: [{}] });
  const { same, different, refused } = flipAll(whole, [0x01], (mutant) => verifyWithTrust(mutant, trust, { now: NOW }), { nth: 7, of: 100 });
  expect([same, different, refused > 100]).toEqual([0, 0, true]);
}, 120_000);

test("each byte of a trust file, changed three ways: every mutant is refused", () => {
  const count = flipAll(ring.trust, FLIPS, (mutant) => verifyBundle(bundle, mutant, { now: NOW }));
  expect(count).toEqual({ refused: FLIPS.length * ring.trust.length, same: 0, different: 0 });
}, 120_000);

test("canary: the harness tells a refused mutant from one that passes", () => {
  const answer = verifyBundle(bundle, ring.trust, { now: NOW });
  const lax = flipAll(Uint8Array.of(1, 2), FLIPS, (mutant) => (mutant[0] === 1 && mutant[1] === 2 ? answer : { ...answer, statement: null }));
  expect(lax).toEqual({ refused: 0, same: 0, different: 6 });
});
