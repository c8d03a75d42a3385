/** Rows against the truth, by enumeration: in any world every row lies within its ends, and their mean is on the safe side of what would really happen. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import { shuffled } from "./bounds.ts";
import { amounts, gains, type Judged, type Writing } from "./gains.ts";
import { judge } from "./judge.ts";

const SEED = 8_031;
const part = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }));
/** Of each arm: how often it was drawn, how often the candidate would, what it brings at least and at most of the time, and the model's belief. */
const arms = fc.array(fc.tuple(part, part, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: -2, max: 3, noNaN: true })), { minLength: 2, maxLength: 5 }).filter((all) => all.some(([logged]) => logged > 0) && all.some(([, wanted]) => wanted > 0));
const ENDS = { least: -2, most: 3 };
const RANGE = ENDS.most - ENDS.least;

interface Outcome {
  readonly chance: number;
  readonly judged: Judged;
}

/** Every arm that can be drawn, with either of its two rewards; of those that are hidden no outcome is known. */
function enumerated(world: readonly (readonly [number, number, number, number])[], hidden: (arm: number, reward: number) => boolean): { readonly outcomes: Outcome[]; readonly logged: number; readonly wanted: number } {
  const [drawn, asked] = [world.reduce((sum, [p]) => sum + p, 0), world.reduce((sum, [, p]) => sum + p, 0)];
  const shares = world.map(([p, q, best, belief]) => ({ log: p / drawn, eval: q / asked, best, belief }));
  const value = ({ best }: { readonly best: number }): number => ENDS.least + best * RANGE;
  const unsupported = shares.reduce((sum, { log, eval: p }) => sum + (log === 0 ? p : 0), 0);
  const reach = Math.max(...shares.filter(({ log }) => log > 0).map(({ log, eval: p }) => p / log));
  const q_pi = shares.reduce((sum, { eval: p, belief }) => sum + p * belief, 0);
  const outcomes = shares.flatMap(({ log, eval: p, best, belief }, arm) => log === 0 ? [] :
    ([[best, ENDS.most], [1 - best, ENDS.least]] as const).map(([chance, reward]): Outcome => ({
      chance: log * chance,
      judged: { decisions: { p_eval: Float64Array.of(p), p_log: Float64Array.of(log), reward: Float64Array.of(hidden(arm, reward) ? Number.NaN : reward) }, reach: Float64Array.of(reach), unsupported: Float64Array.of(unsupported), model: { q_logged: Float64Array.of(belief), q_pi: Float64Array.of(q_pi) } },
    })),
  );
  return { outcomes, logged: shares.reduce((sum, share) => sum + share.log * value(share), 0), wanted: shares.reduce((sum, share) => sum + share.eval * value(share), 0) };
}

const writing = fc.record({ form: fc.constantFrom("from-least", "from-most", "model"), weight_bound: fc.constantFrom(0.5, 1, 2, 30), partly: fc.boolean() });

test("the mean of a lower row is at most the gain, that of an upper one at least, and none leaves its ends", () => {
  fc.assert(
    fc.property(arms, writing, fc.constantFrom("lower", "upper"), fc.constantFrom("none", "best of one arm", "worst of one arm", "worst", "all"), (world, how, side, hidden) => {
      const { outcomes, logged, wanted } = enumerated(world, (arm, reward) => hidden === "all" || (hidden !== "none" && (hidden === "worst" || arm === 1) && reward === (hidden.startsWith("best") ? ENDS.most : ENDS.least)));
      const of = (rows: (judged: Judged) => { readonly values: Float64Array; readonly least: number; readonly most: number }): number =>
        outcomes.reduce((sum, { chance, judged }) => {
          const { values: [value = Number.NaN], least, most } = rows(judged);
          expect(value).toBeGreaterThanOrEqual(least - 1e-9 * (most - least));
          expect(value).toBeLessThanOrEqual(most + 1e-9 * (most - least));
          return sum + chance * value;
        }, 0);
      const gain = of((judged) => gains(judged, ENDS, how as Writing, side));
      const slack = side === "lower" ? wanted - logged - gain : gain - (wanted - logged);
      expect(slack).toBeGreaterThanOrEqual(-1e-9 * RANGE * 40);
      if (how.form === "model") return;
      const amount = of((judged) => amounts(judged, judged.decisions.reward, ENDS, { ...how, form: how.form as "from-least" | "from-most" }, side));
      expect(side === "lower" ? wanted - ENDS.least - amount : amount - (wanted - ENDS.least)).toBeGreaterThanOrEqual(-1e-9 * RANGE * 40);
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

test("a row that could have had a weight above the bound counts as the worst, not as an error", () => {
  const rows = 2_000;
  const tail = (row: number): boolean => row % 10 === 0;
  const column = (of: (row: number) => number): Float64Array => Float64Array.from({ length: rows }, (_, row) => of(row));
  const judged: Judged = { decisions: { p_eval: column((row) => (tail(row) ? 0.9 : 0.5)), p_log: column((row) => (tail(row) ? 0.01 : 0.5)), reward: column(() => 1) }, reach: column((row) => (tail(row) ? 90 : 1)), unsupported: new Float64Array(rows), model: null };
  const plan = { gain: { form: "from-least", weight_bound: 1, partly: false }, constraints: [] } as const;
  const { gain } = judge(createOffPolicy(), { judged, reward: { least: 0, most: 1 }, constraints: [], order: shuffled(rows), margin: 0, share: 0.05, share_next: 0.05, plan });
  expect([gain.lower < -0.09, gain.estimate < 0]).toEqual([true, true]);
});

test("each further constraint takes something off a no, and nothing off a yes", () => {
  const rows = 1_000;
  const roll = (row: number): number => ((row * 7_919) % 1_000) / 1_000;
  const column = (of: (row: number) => number): Float64Array => Float64Array.from({ length: rows }, (_, row) => of(row));
  const judged: Judged = { decisions: { p_eval: column((row) => (roll(row) < 0.5 ? 0.8 : 0.2)), p_log: column(() => 0.5), reward: column((row) => (roll(row + 13) < 0.6 ? 1 : 0)) }, reach: column(() => 1.6), unsupported: new Float64Array(rows), model: null };
  const one = { form: "from-least", weight_bound: 1.6, partly: false } as const;
  const asked = (constraints: number) =>
    judge(createOffPolicy(), {
      judged, reward: { least: 0, most: 1 }, order: shuffled(rows), margin: 0.1, share: 0.05, share_next: 0.05, plan: { gain: one, constraints: Array.from({ length: constraints }, () => one) },
      constraints: Array.from({ length: constraints }, (_, nth) => ({ name: `c${nth}`, least: 0, most: 1, max: 0.5, values: column((row) => (roll(row + nth) < 0.1 ? 1 : 0)) })),
    });
  const [alone, beside] = [asked(1), asked(4)];
  expect(beside.gain.lower).toBe(alone.gain.lower);
  expect(beside.constraints[0]?.upper).toBe(alone.constraints[0]?.upper ?? 0);
  expect(beside.gain.upper).toBeGreaterThan(alone.gain.upper);
  expect(beside.constraints[0]?.lower).toBeLessThan(alone.constraints[0]?.lower ?? 0);
});
