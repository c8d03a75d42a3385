/** Every byte of a bundle, changed to every other value: about two million mutants. */
import { expect, test } from "bun:test";
import { makeBundle, newRing, NOW } from "../daemon/testing/evidence.ts";
import { flipAll } from "../daemon/testing/flip.ts";
import { openTrust } from "../daemon/verifier/trust.ts";
import { verifyWithTrust } from "../daemon/verifier/bundle.ts";

test("no change of a single byte is accepted with another statement", () => {
  const ring = newRing();
  const bundle = makeBundle(ring);
  const opened = openTrust(ring.trust);
  if (!opened.ok) throw new Error(opened.reason.detail);
  const trust = opened.value;
  const all = Array.from({ length: 255 }, (_, i) => i + 1);
  const count = flipAll(bundle, all, (mutant) => verifyWithTrust(mutant, trust, { now: NOW }));
  expect(count).toEqual({ refused: 255 * bundle.length, same: 0, different: 0 });
});
