import { describe, expect, test } from "bun:test";
import { FALSE_ALARM, FRESH, type MonitorState, watched } from "./monitor.ts";

const ERRORS = { min: 0, max: 0.05, max_value: 1 };

/** Uniform in [0, 1), the same for a seed everywhere (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** After how many outcomes it is violated; null where it never is. `rate` at each outcome. */
function found(rate: (nth: number) => number, outcomes: number, seed: number, step: typeof watched = watched): number | null {
  const roll = dice(seed);
  let state: MonitorState = FRESH;
  for (let nth = 1; nth <= outcomes; nth++) {
    state = step(state, roll() < rate(nth) ? 1 : 0, ERRORS, 1);
    if (state.violated) return nth;
  }
  return null;
}

const alarms = (rate: (nth: number) => number, runs: number, outcomes: number, step?: typeof watched): number => Array.from({ length: runs }, (_, seed) => found(rate, outcomes, seed + 1, step)).filter((nth) => nth !== null).length;

describe("a constraint that is watched after every outcome", () => {
  test("holds exactly at its bound: of 500 streams, looked at 1,000 times each, no more are called violated than chance lets", () => {
    // At 1 in 100, 500 streams give more than 12 with a chance of 0.2 %.
    expect(alarms(() => 0.05, 500, 1_000)).toBeLessThanOrEqual(12);
    // The plain mean, looked at as often, is above its bound in nearly all of them.
    const peeking: typeof watched = (state, value, { max }) => ({ ...state, seen: state.seen + 1, wealth: [(state.wealth[0] ?? 0) + value], violated: state.seen > 30 && ((state.wealth[0] ?? 0) + value) / (state.seen + 1) > max * 1.3 });
    expect(alarms(() => 0.05, 500, 1_000, peeking)).toBeGreaterThan(150);
  });

  test("an arm that always fails is found after a few outcomes, one that is twice as bad after some hundred, and neither is missed", () => {
    expect(found(() => 1, 100, 1)).toBeLessThanOrEqual(4);
    const twice = Array.from({ length: 50 }, (_, seed) => found(() => 0.1, 5_000, seed + 1) ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
    expect(twice.at(-1)).toBeLessThan(3_000);
    expect(twice[25]).toBeLessThan(700);
  });

  test("a harm that begins after 3,000 good outcomes is found nearly as soon: bets begin anew, and would not if one stake had to last", () => {
    const late = (nth: number): number => (nth <= 3_000 ? 0.01 : 0.5);
    const at = found(late, 4_000, 7);
    expect(at).toBeGreaterThan(3_000);
    expect(at).toBeLessThan(3_060);
    const once: typeof watched = (state, value, entry, monitors) => {
      const stakes = state.seen === 0 ? 1 : 0;
      const wealth = [0.05, 0.2, 0.5, 0.9].map((part, i) => (1 + (part / (entry.max - entry.min)) * (value - entry.max)) * ((state.wealth[i] ?? 0) + stakes));
      return { seen: state.seen + 1, wealth, violated: state.violated || wealth.reduce((sum, each) => sum + each, 0) / 4 >= monitors / FALSE_ALARM };
    };
    expect(found(late, 3_060, 7, once)).toBeNull();
  });

  test("once violated it stays so, whatever comes", () => {
    let state: MonitorState = FRESH;
    for (let i = 0; i < 5; i++) state = watched(state, 1, ERRORS, 1);
    for (let i = 0; i < 500; i++) state = watched(state, 0, ERRORS, 1);
    expect(state.violated).toBe(true);
  });

  test("a bound at the least there can be is violated by the first value above it", () => {
    const never = { min: 0, max: 0, max_value: 1 };
    expect(watched(FRESH, 0, never, 1).violated).toBe(false);
    expect(watched(FRESH, 0.01, never, 1).violated).toBe(true);
  });

  test("the more is watched, the more each has to show: the chance of a wrong fallback is shared", () => {
    const after = (monitors: number): number => {
      let state: MonitorState = FRESH;
      let nth = 0;
      while (!state.violated) state = watched(state, ++nth % 4 === 0 ? 1 : 0, ERRORS, monitors);
      return nth;
    };
    expect(after(1)).toBeLessThan(after(64 * 16));
  });

  test("no number of outcomes makes a number that is none", () => {
    let state: MonitorState = FRESH;
    for (let i = 0; i < 2_000; i++) state = watched(state, 1, ERRORS, 1);
    expect(state.wealth.every(Number.isFinite)).toBe(true);
  });
});
