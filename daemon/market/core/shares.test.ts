import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { aimsOf, createShares, type Served, shareOf, SHORT_SLACK, startShares, windowsOf } from "./shares.ts";

const WINDOWS = windowsOf(10_000);

describe("the guard of promised shares", () => {
  test("whatever is asked for, whoever serves at least what it says keeps every window of slots at its floor", () => {
    const demand = fc.array(fc.array(fc.integer({ min: 0, max: 1e9 }).map((millionths) => millionths / 1e6), { maxLength: 6 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 1, noNaN: true }), demand, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (floor, slots, luck) => {
        const shares = createShares([floor], WINDOWS);
        const closed: Served[] = [];
        for (const slot of slots) {
          let [served, asked] = [0, 0];
          for (const due of slot) {
            const least = Math.min(shares.service_min(0, due), due);
            const service = least + (due - least) * (luck.next().value ?? 0);
            shares.record(0, service, due, 0);
            [served, asked] = [served + service, asked + due];
            if (asked > 0) expect(served / asked).toBeGreaterThan(floor - 1e-9);
          }
          shares.close();
          closed.push([served, asked]);
        }
        for (let from = 0; from < closed.length; from++) for (const length of [1, WINDOWS.short, WINDOWS.long]) expect(shareOf(closed.slice(from, from + length)) ?? 1).toBeGreaterThan(floor - 1e-9);
      }),
    );
  });

  test("what was served well is followed by less within a slot by no more than a hundredth of what a minute asked for, and is forgotten in the next", () => {
    const shares = createShares([0.5, 0], WINDOWS);
    expect(shares.service_min(0, 10)).toBeCloseTo(5, 9);
    shares.record(0, 10, 10, 0);
    expect(shares.service_min(0, 10)).toBeCloseTo(5 - 0.2, 9);
    shares.record(0, 4.8, 10, 0);
    expect(shares.service_min(0, 20)).toBeCloseTo(10 - 0.2, 9);
    expect(shares.close()).toEqual([0.74, null]);
    expect(shares.service_min(0, 10)).toBeCloseTo(5, 9);
    expect(shares.service_min(1, 10)).toBe(0);
  });

  test("attack: windows that begin between two requests of a slot, where the first was served well so that the second need not be", () => {
    const worth = fc.integer({ min: 1, max: 1e6 }).map((millionths) => millionths / 1e6);
    fc.assert(
      fc.property(fc.array(fc.array(worth, { maxLength: 5 }), { minLength: 1, maxLength: 14 }), fc.infiniteStream(fc.boolean()), (slots, luck) => {
        const shares = createShares([0.5], WINDOWS);
        const answers: { readonly slot: number; readonly ahead: number }[] = [];
        const dues: number[] = [];
        slots.forEach((asked, slot) => {
          for (const due of asked) {
            const service = luck.next().value === true ? due : Math.min(shares.service_min(0, due), due);
            shares.record(0, service, due, 0);
            answers.push({ slot, ahead: service - 0.5 * due });
          }
          dues.push(asked.reduce((sum, due) => sum + due, 0));
          shares.close();
        });
        for (let from = 0; from < answers.length; from++) {
          const { slot = 0 } = answers[from] ?? {};
          const minute = dues.slice(Math.max(0, slot + 1 - WINDOWS.short), slot + 1).reduce((sum, due) => sum + due, 0);
          let [ahead, least] = [0, 0];
          for (const answer of answers.slice(from)) [ahead, least] = [ahead + answer.ahead, Math.min(least, ahead + answer.ahead)];
          expect(least).toBeGreaterThanOrEqual(-0.01 * minute - 1e-9);
        }
      }),
    );
  });

  test("a tenant is behind while its open slot or its last minute is below the floor", () => {
    const shares = createShares([0.5], WINDOWS);
    expect(shares.behind(0)).toBe(false);
    shares.record(0, 0, 10, 0);
    expect(shares.behind(0)).toBe(true);
    shares.close();
    shares.record(0, 9, 10, 0);
    expect(shares.behind(0)).toBe(true);
    shares.record(0, 10, 10, 0);
    expect(shares.behind(0)).toBe(false);
    for (let slot = 0; slot < WINDOWS.short; slot++) shares.close();
    shares.record(0, 4, 8, 0);
    expect(shares.behind(0)).toBe(false);
  });

  test("duals aim above the floor, never above all, and at nobody without one", () => {
    expect(aimsOf([0.5, 0, 0.99])).toEqual([0.55, 0, 1]);
    expect(SHORT_SLACK).toBe(0.05);
    expect(WINDOWS).toEqual({ short: 6, long: 30 });
    expect(windowsOf(120_000)).toEqual({ short: 1, long: 3 });
  });
});

describe("windows and the starvation clock", () => {
  test("a share is over the last minute and the last five, open slot with them", () => {
    const shares = createShares([0], WINDOWS);
    for (let slot = 0; slot < 60; slot++) {
      shares.record(0, slot < 55 ? 10 : 0, 10, slot * 10_000);
      if (slot < 59) shares.close();
    }
    expect(shares.report(600_000)[0]).toEqual({ short: 1 / 6, long: 25 / 30, starving_ms: 50_000, starving_longest_ms: 50_000 });
    expect(createShares([0], WINDOWS).report(0)[0]).toEqual({ short: null, long: null, starving_ms: 0, starving_longest_ms: 0 });
  });

  test("the clock runs from the first request that got nothing until one gets something; without demand it does not start", () => {
    const shares = createShares([0, 0], WINDOWS);
    shares.record(0, 1, 1, 1000);
    expect(shares.report(90_000)[0]?.starving_ms).toBe(0);
    shares.record(0, 0, 1, 100_000);
    shares.record(0, 0, 1, 130_000);
    expect(shares.report(150_000)[0]).toMatchObject({ starving_ms: 50_000, starving_longest_ms: 50_000 });
    shares.record(0, 0.1, 1, 160_000);
    expect(shares.report(999_000)[0]).toMatchObject({ starving_ms: 0, starving_longest_ms: 60_000 });
    expect(shares.report(999_000)[1]?.starving_longest_ms).toBe(0);
    // A clock set back is no time at all.
    shares.record(0, 0, 1, 160_000);
    expect(shares.report(1000)[0]).toMatchObject({ starving_ms: 0, starving_longest_ms: 60_000 });
  });

  test("taken up from its state it goes on as if nothing had happened", () => {
    const [whole, parts] = [createShares([0.5], WINDOWS), { now: createShares([0.5], WINDOWS, startShares(1)) }];
    for (let slot = 0; slot < 70; slot++) {
      for (const shares of [whole, parts.now]) {
        shares.record(0, slot % 3 === 0 ? 0 : 2, 3, slot * 10_000);
        shares.record(0, slot % 4 === 0 ? 0 : 1, 2, slot * 10_000 + 5);
        shares.close();
      }
      parts.now = createShares([0.5], WINDOWS, JSON.parse(JSON.stringify(parts.now.state())));
      expect(parts.now.report(slot * 10_000 + 50)).toEqual(whole.report(slot * 10_000 + 50));
      expect(parts.now.service_min(0, 7)).toBe(whole.service_min(0, 7));
    }
  });
});
