/** Our evaluator against a CEL by other people; bench/invariants.nightly.ts asks for 100,000 pairs. */
import { describe, expect, test } from "bun:test";
import { parseExpression } from "./syntax/formula.ts";
import { celResult, compare, DIFFERENCES } from "./testing/cel.ts";
import { evaluated, SCOPE, shown } from "./testing/plain.ts";
import { check } from "./types/check.ts";
import { SEED } from "../testing/seed.ts";

test(`two implementations answer alike, seed ${SEED}`, () => {
  const { agreed, unexplained } = compare(SEED, 5_000);
  expect({ seed: SEED, unexplained }).toEqual({ seed: SEED, unexplained: [] });
  // All three kinds of answers were compared, not errors alone.
  for (const answer of ["true", "false", "error"]) expect(agreed[answer]).toBeGreaterThan(500);
}, 60_000);

describe("known differences of the other one, each still there", () => {
  const event = { i1: -(2n ** 63n), ld1: [Number.NaN], t1: 315_576_000_000_000 };
  test.each(DIFFERENCES.map((one) => [one.why, one] as const))("%s", (_why, { text, ours, theirs }) => {
    expect(shown(evaluated(check(parseExpression(text), SCOPE), event))).toBe(ours);
    expect(shown(celResult(text, event))).toBe(theirs);
  });
});

test("what our types refuse is not CEL's to answer otherwise: they say no to these too", () => {
  for (const text of ["i1 + d1", "s1 + i1", "b1 + b1", "s1 * i1", "!i1", "i1 && b1", "b1 ? i1 : s1", "[i1, s1] == li1", "i1 in i2", "s1.size(i1)", "d1 % d2", "t1 * t2", "-s1", "nothing == 1", "i1 == s1", "'a' == 1"]) {
    expect(() => check(parseExpression(text), SCOPE)).toThrow();
    const theirs = celResult(text, { i1: 1n, i2: 1n, d1: 1, d2: 1, s1: "a", b1: true, li1: [], t1: 1, t2: 1 });
    expect({ text, refused: "error" in theirs }).toEqual({ text, refused: true });
  }
});
