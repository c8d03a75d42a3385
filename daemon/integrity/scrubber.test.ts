import { afterEach, expect, test } from "bun:test";
import type { Damage } from "../../proto/damage.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { FakeClock } from "../testing/clock.ts";
import { Scrubber } from "./scrubber.ts";
import { fsckReport } from "./fsck.ts";
import { type Step, within } from "./step.ts";
import { MaestroError } from "../../proto/errors.ts";

const LIMITS = { scrub_bytes_per_s: 1_000_000, scrub_interval_ms: 60_000, scrub_slice_bytes: 10_000 };
const step = (name: string, bytes: number, problem: string | null = null): Step => ({ area: "blobs", name, bytes, problem });
let running: Scrubber[] = [];
afterEach(async () => {
  await Promise.all(running.map((scrubber) => scrubber.stop()));
  running = [];
});

function scrubber(walk: () => AsyncIterable<Step>, limits: Partial<typeof LIMITS> = {}, clock: Pick<Clock, "now_ms" | "monotonic_ms"> = systemClock): { scrubber: Scrubber; found: Damage[] } {
  const found: Damage[] = [];
  const made = new Scrubber({ walk, limits: { ...LIMITS, ...limits }, clock, found: (damage) => void found.push(damage) });
  running.push(made);
  return { scrubber: made, found };
}

async function* steps(...all: Step[]): AsyncGenerator<Step, void> {
  yield* all;
}

test("the rate is a bound: 600,000 bytes at a million a second take at least half a second", async () => {
  const { scrubber: made } = scrubber(() => steps(...Array.from({ length: 6 }, (_, n) => step(String(n), 100_000))));
  const started_ms = performance.now();
  made.run();
  while (made.status().passes === 0) await Bun.sleep(10);
  expect(performance.now() - started_ms).toBeGreaterThan(500);
  expect(made.status()).toMatchObject({ state: "clean", passes: 1, scrubbed_bytes: 600_000 });
});

test("stop does not wait for a pause to end, and nothing runs after it", async () => {
  let looked = 0;
  async function* endless(): AsyncGenerator<Step, void> {
    for (;;) {
      looked += 1;
      yield step("large", 60_000_000);
    }
  }
  const { scrubber: made } = scrubber(endless);
  made.run();
  await Bun.sleep(20);
  const started_ms = performance.now();
  await made.stop();
  const before = looked;
  await Bun.sleep(50);
  expect([performance.now() - started_ms < 20_000, looked]).toEqual([true, before]);
});

test("a daemon that ends when idle reads a slice after each gate and goes on where it was", async () => {
  const { scrubber: made } = scrubber(() => steps(...Array.from({ length: 10 }, (_, n) => step(String(n), 5_000))));
  await made.slice();
  expect(made.status()).toMatchObject({ passes: 0, scrubbed_bytes: 10_000, last_pass: null });
  for (let n = 0; n < 5; n++) await made.slice();
  expect(made.status()).toMatchObject({ passes: 1, scrubbed_bytes: 50_000 });
});

test("damage is said once, stands until a whole pass no longer sees it, and is dated by the clock that is handed in", async () => {
  let damaged = true;
  const { scrubber: made, found } = scrubber(() => steps(step("a", 1, damaged ? "it holds other bytes" : null), step("b", 1)), {}, new FakeClock());
  made.begin([step("at start", 0, "gone")]);
  expect(made.status()).toMatchObject({ state: "damaged", damage_total: 1 });
  await made.slice();
  await made.slice();
  expect(found.map(({ name }) => name)).toEqual(["at start", "a"]);
  expect(made.status()).toMatchObject({ state: "damaged", damage_total: 1, first: { area: "blobs", name: "a" }, last_pass: "2026-01-01T00:00:00Z" });
  damaged = false;
  await made.slice();
  expect(made.status().state).toBe("clean");
});

test("what is thrown while looking is damage of its area, and a bug is not", async () => {
  async function* broken(error: unknown): AsyncGenerator<Step, void> {
    yield step("a", 1);
    throw error;
  }
  const report = await fsckReport(within("database", broken(new MaestroError("store.corrupt", "page 7"))), () => performance.now());
  expect([report.damage_total, report.damage[0]]).toEqual([1, { area: "database", name: "database", what: "page 7" }]);
  const disk = Object.assign(new Error("EIO: i/o error, read"), { syscall: "read", code: "EIO" });
  expect((await fsckReport(within("packs", broken(disk)), () => 0)).damage[0]?.what).toContain("EIO");
  await expect(fsckReport(within("packs", broken(new TypeError("a bug"))), () => 0)).rejects.toThrow("a bug");
});
