/** The model that DM, DR and their kin ask: no row may be asked of what it said itself, or their errors are wrong. */
import { expect, test } from "bun:test";
import { createOffPolicy } from "../../../kernels/ope/index.ts";
import type { Columns, Pattern } from "./columns.ts";
import { crossFitted, fittedOn } from "./model.ts";
import { dice } from "./testing/worlds.ts";

const [CELLS, ARMS, MIDDLE] = [40, 3, 0.5];
const SHAPE = { cells: CELLS, arms: ARMS };
/** The candidate always takes the first arm. */
const PATTERNS: readonly Pattern[] = [{ arms: [0, 1, 2], shares: [1, 0, 0] }];

/** Rewards that nothing explains. */
function noise(rows: number, seed: number): Columns {
  const roll = dice(seed);
  const column = (value: () => number): Float64Array => Float64Array.from({ length: rows }, value);
  const arm = column(() => Math.floor(roll() * ARMS));
  const none = column(() => 0);
  return { p_eval: arm.map((a) => (a === 0 ? 1 : 0)), p_log: column(() => 1 / ARMS), reward: column(() => (roll() < 0.5 ? 1 : 0)), reach: column(() => ARMS), unsupported: none, weight_variance: column(() => ARMS - 1), cell: column(() => Math.floor(roll() * CELLS)), arm, pattern: none, constraints: [] };
}

test("attack: a row that says something else moves what others are asked of, never what it is asked of itself", () => {
  const columns = noise(400, 1);
  const before = crossFitted(columns, PATTERNS, SHAPE, MIDDLE);
  const moved = [0, 1, 7, 399].map((row) => {
    const reward = Float64Array.from(columns.reward);
    reward[row] = 1 - (reward[row] ?? 0);
    const after = crossFitted({ ...columns, reward }, PATTERNS, SHAPE, MIDDLE);
    expect([after.q_logged[row], after.q_pi[row]]).toEqual([before.q_logged[row], before.q_pi[row]]);
    return after.q_logged.some((q, at) => q !== before.q_logged[at]);
  });
  expect(moved).toEqual([true, true, true, true]);
});

test("DR keeps its coverage where the model has learned nothing but noise; asked of tables that hold the row itself it loses it", () => {
  const kernel = createOffPolicy();
  const covered = { own: 0, crossed: 0 };
  const LOGS = 100;
  for (let seed = 0; seed < LOGS; seed++) {
    const columns = noise(300, seed);
    const covers = (model: ReturnType<typeof crossFitted>): number => {
      const { value = Number.NaN, se = Number.NaN } = kernel.estimate(columns, model).values.dr ?? {};
      return Number(Math.abs(value - 0.5) <= 1.96 * se);
    };
    covered.crossed += covers(crossFitted(columns, PATTERNS, SHAPE, MIDDLE));
    covered.own += covers(fittedOn(columns, columns, PATTERNS, SHAPE, MIDDLE));
  }
  expect(covered.crossed).toBeGreaterThanOrEqual(0.9 * LOGS);
  expect(covered.crossed).toBeGreaterThan(covered.own);
});

test("an arm that was never seen is believed to bring the middle, and one that was seen elsewhere what it brings there", () => {
  const columns = noise(50, 2);
  const of = (arm: number, cell: number): number => fittedOn({ ...columns, arm: columns.arm.map(() => 1), cell: columns.cell.map(() => 3), reward: columns.reward.map(() => 0.9) }, { ...columns, arm: columns.arm.map(() => arm), cell: columns.cell.map(() => cell) }, PATTERNS, SHAPE, MIDDLE).q_logged[0] ?? Number.NaN;
  expect(of(2, 3)).toBe(MIDDLE);
  expect(of(1, 5)).toBeCloseTo(0.9, 12);
});
