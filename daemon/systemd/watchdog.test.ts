import { afterEach, expect, test } from "bun:test";
import { systemClock } from "../platform/clock.ts";
import { eventually } from "../platform/socket/testing/raw.ts";
import { Watchdog, type WatchdogDeps } from "./watchdog.ts";

/** Turns of a busy machine's loop are no fault of the daemon: a whole one of them takes far less than is allowed here. */
const WATCHDOG_MS = 600;
let running: Watchdog | undefined;
afterEach(() => running?.stop());

function watch(options: Partial<WatchdogDeps>) {
  const signs_ms: number[] = [];
  const withheld: string[] = [];
  running = new Watchdog({
    watchdog_ms: WATCHDOG_MS,
    turn_ms_max: 400,
    clock: systemClock,
    probe: () => undefined,
    alive: () => signs_ms.push(performance.now()),
    withheld: (because) => withheld.push(because),
    ...options,
  });
  running.start();
  return { signs_ms, withheld, watchdog: running };
}

test("a sign of life comes every half of the manager's patience, and none after the stop", async () => {
  const began_ms = performance.now();
  const { signs_ms, withheld, watchdog } = watch({ turn_ms_max: 60_000 });
  expect(await eventually(() => signs_ms.length >= 4)).toBe(true);
  watchdog.stop();
  const given = signs_ms.length;
  expect(given).toBeLessThanOrEqual(Math.ceil((performance.now() - began_ms) / (WATCHDOG_MS / 2)) + 1);
  const pauses_ms = signs_ms.slice(1).map((at_ms, i) => at_ms - (signs_ms[i] ?? 0));
  expect(Math.min(...pauses_ms)).toBeGreaterThan(WATCHDOG_MS / 2 - 20);
  expect(withheld).toEqual([]);
  await Bun.sleep(WATCHDOG_MS * 1.5);
  expect(signs_ms.length).toBe(given);
});

test("a store that does not answer, or never settles, gives none", async () => {
  const broken = watch({ probe: () => Promise.reject(new Error("no")), turn_ms_max: 60_000 });
  await Bun.sleep(WATCHDOG_MS * 2);
  expect(broken.signs_ms).toEqual([]);
  expect(broken.withheld[0]).toBe("the store did not answer");
  broken.watchdog.stop();
  const hanging = watch({ probe: () => new Promise(() => undefined) });
  await Bun.sleep(WATCHDOG_MS * 2);
  expect(hanging.signs_ms).toEqual([]);
});

test("turns of the event loop that take too long give none; once they are short again it goes on", async () => {
  const { signs_ms, withheld, watchdog } = watch({ turn_ms_max: 100 });
  const ends_ms = performance.now() + WATCHDOG_MS * 3;
  while (performance.now() < ends_ms) {
    const busy_until_ms = performance.now() + 150;
    while (performance.now() < busy_until_ms);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(signs_ms).toEqual([]);
  expect(withheld.join()).toContain("a turn of the event loop took");
  expect(watchdog.turn_ms).toBeGreaterThan(100);
  expect(await eventually(() => signs_ms.length > 0)).toBe(true);
});
