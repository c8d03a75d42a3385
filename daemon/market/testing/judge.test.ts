/** The judge's windows against every one there is: a judge that looks past a bad window accepts anything. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { worstShare } from "./judge.ts";

const LENGTH = 10;
const END = 40;

test("the worst share is the least over every window of whole milliseconds, those at both ends with it", () => {
  const answer = fc.record({ at_ms: fc.integer({ min: 0, max: END }), tenant: fc.constant(0), served: fc.integer({ min: 0, max: 4 }), due: fc.constant(4) });
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 20 }), (unsorted) => {
      const answers = unsorted.sort((a, b) => a.at_ms - b.at_ms);
      let worst = Number.POSITIVE_INFINITY;
      for (let from = -1; from + LENGTH <= END; from++) {
        const inside = answers.filter(({ at_ms }) => at_ms > from && at_ms <= from + LENGTH);
        if (inside.length > 0) worst = Math.min(worst, inside.reduce((sum, { served }) => sum + served, 0) / (4 * inside.length));
      }
      expect(worstShare(answers, LENGTH, END)).toBeCloseTo(worst, 12);
    }),
  );
});
