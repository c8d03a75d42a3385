import { expect, test } from "bun:test";
import { FakeClock } from "../testing/clock.ts";
import { systemClock } from "./clock.ts";

test("the wall clock is Unix time in whole milliseconds", () => {
  const seconds = Number(Bun.spawnSync(["date", "+%s"]).stdout.toString());
  expect(Math.abs(systemClock.now_ms() / 1_000 - seconds)).toBeLessThan(5);
  expect(Number.isInteger(systemClock.now_ms())).toBe(true);
});

test("the monotonic clock moves with real time and never back", async () => {
  const before_ms = systemClock.monotonic_ms();
  await Bun.sleep(20);
  const passed_ms = systemClock.monotonic_ms() - before_ms;
  expect(passed_ms).toBeGreaterThanOrEqual(19);
  let last_ms = systemClock.monotonic_ms();
  let backwards = 0;
  for (let i = 0; i < 10_000; i++) {
    const now_ms = systemClock.monotonic_ms();
    if (now_ms < last_ms) backwards++;
    last_ms = now_ms;
  }
  expect(backwards).toBe(0);
});

test("a fake clock stands still, passes time on both hands, and lets the wall jump alone", () => {
  const clock = new FakeClock(1_000);
  expect([clock.now_ms(), clock.monotonic_ms()]).toEqual([1_000, 0]);
  clock.advance(50);
  expect([clock.now_ms(), clock.monotonic_ms()]).toEqual([1_050, 50]);
  clock.setWall(10);
  expect([clock.now_ms(), clock.monotonic_ms()]).toEqual([10, 50]);
  expect(() => clock.advance(-1)).toThrow(RangeError);
});
