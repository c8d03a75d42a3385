import { expect, test } from "bun:test";
import fc from "fast-check";
import { FORWARD_STEP_MS_MAX, looked, nextSeconds, resumed, stepMs, type TimeRecord } from "./core.ts";

const HOUR_MS = 3_600_000;
const START = { wall_ms: 1_767_225_600_000, boottime_ms: 50_000 };
const START_S = START.wall_ms / 1000;
const record = resumed(undefined, "boot", START);

const later = (passed_ms: number, stepped_ms = 0) => ({ wall_ms: START.wall_ms + passed_ms + stepped_ms, boottime_ms: START.boottime_ms + passed_ms });

test("time that passes is no step, however long", () => {
  expect(stepMs(START, later(400 * 24 * HOUR_MS))).toBe(0);
  expect(looked(record, later(400 * 24 * HOUR_MS), START_S)).toBe(record);
});

test("a step of an hour is followed, one more millisecond is not", () => {
  expect(looked(record, later(5, FORWARD_STEP_MS_MAX), START_S).frozen).toBeNull();
  expect(looked(record, later(5_000, FORWARD_STEP_MS_MAX + 1), START_S).frozen).toEqual({ time_s: START_S + 5, step_ms: FORWARD_STEP_MS_MAX + 1 });
});

test("small steps add up: fifty-nine minutes twice freeze as one would", () => {
  const once = looked(record, later(1_000, 59 * 60_000), START_S);
  expect(once.frozen).toBeNull();
  expect(looked(once, later(2_000, 118 * 60_000), START_S).frozen).not.toBeNull();
});

test("frozen time stays where it is, whatever the clock does next", () => {
  const frozen = looked(record, later(10_000, 24 * HOUR_MS), START_S);
  const healed = later(20_000);
  expect(looked(frozen, healed, START_S)).toBe(frozen);
  expect(nextSeconds(frozen, healed, START_S)).toBe(START_S + 10);
});

test("the newest entry is never undercut, by a clock set back or by a freeze", () => {
  expect(nextSeconds(record, later(0, -24 * HOUR_MS), START_S)).toBe(START_S);
  expect(looked(record, later(0, 2 * HOUR_MS), START_S + 7).frozen?.time_s).toBe(START_S + 7);
});

test("a restart within one boot keeps the anchor, so a step made meanwhile is seen", () => {
  const again = resumed(record, "boot", later(1_000, 30 * HOUR_MS));
  expect(again).toBe(record);
  expect(looked(again, later(1_000, 30 * HOUR_MS), START_S).frozen).not.toBeNull();
});

test("after another boot, or where the kernel names none, time starts from a new anchor and a freeze stays", () => {
  const frozen: TimeRecord = { ...record, frozen: { time_s: START_S, step_ms: 2 * HOUR_MS } };
  for (const boot_id of ["other", null]) {
    const now = { wall_ms: START.wall_ms + HOUR_MS, boottime_ms: 3 };
    expect(resumed(frozen, boot_id, now)).toEqual({ anchor: { boot_id, ...now }, frozen: frozen.frozen });
    expect(resumed(record, boot_id, now).frozen).toBeNull();
  }
});

test("log time never goes back and never runs more than an hour ahead of the time that passed, under any clock", () => {
  const moves = fc.array(fc.record({ pass_ms: fc.nat(7 * 24 * HOUR_MS), step_ms: fc.integer({ min: -30 * HOUR_MS, max: 30 * HOUR_MS }) }), { maxLength: 40 });
  fc.assert(
    fc.property(moves, (steps) => {
      let state = record;
      let newest_s = START_S;
      let wall_ms = START.wall_ms;
      let boottime_ms = START.boottime_ms;
      for (const { pass_ms, step_ms } of steps) {
        wall_ms = Math.max(0, wall_ms + pass_ms + step_ms);
        boottime_ms += pass_ms;
        const now = { wall_ms, boottime_ms };
        state = looked(state, now, newest_s);
        const next_s = nextSeconds(state, now, newest_s);
        expect(next_s).toBeGreaterThanOrEqual(newest_s);
        const honest_ms = START.wall_ms + boottime_ms - START.boottime_ms;
        expect(next_s * 1000).toBeLessThanOrEqual(honest_ms + FORWARD_STEP_MS_MAX);
        newest_s = next_s;
      }
    }),
    { numRuns: 500 },
  );
});
