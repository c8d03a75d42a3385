import { describe, expect, test } from "bun:test";
import { Breaker } from "./breaker.ts";
import { Breakers } from "./breakers.ts";
import { Shares } from "./shares.ts";

const LIMITS = { breaker_deaths_max: 3, breaker_window_ms: 1_000, breaker_open_ms: 100, breaker_open_ms_max: 300 };

/** Three deaths at time 0. */
function opened(): Breaker {
  const breaker = new Breaker(LIMITS);
  for (let i = 0; i < 3; i++) breaker.died(breaker.enter(0), 0, `death ${i}`);
  return breaker;
}

describe("Breaker", () => {
  test("opens at the last death within the window, and not for the same number spread out", () => {
    const slow = new Breaker(LIMITS);
    for (const at of [0, 600, 1_200, 1_800, 2_400]) slow.died(slow.enter(at), at, "x");
    expect([slow.state(2_400), slow.refusal(2_400)]).toEqual(["closed", null]);
    const breaker = opened();
    expect(breaker.state(0)).toBe("open");
    expect(breaker.refusal(40)).toBe("check processes died again and again, the last one: death 2; the next try is in 60 ms");
  });

  test("after the pause one may try and the others may not; if it works all may", () => {
    const breaker = opened();
    expect([breaker.state(100), breaker.refusal(100)]).toEqual(["half_open", null]);
    const turn = breaker.enter(100);
    expect(breaker.refusal(100)).toContain("one is being tried");
    breaker.worked(turn);
    expect([breaker.state(100), breaker.refusal(100), breaker.quiet(100)]).toEqual(["closed", null, true]);
    breaker.died(breaker.enter(101), 101, "one more");
    expect(breaker.state(101)).toBe("closed");
  });

  test("a try that dies opens it for twice as long, up to the longest pause; one that only leaves gives its turn on", () => {
    const breaker = opened();
    let at = 100;
    for (const pause_ms of [200, 300, 300]) {
      expect(breaker.refusal(at)).toBeNull();
      breaker.died(breaker.enter(at), at, "again");
      expect([breaker.state(at + pause_ms - 1), breaker.state(at + pause_ms)]).toEqual(["open", "half_open"]);
      at += pause_ms;
    }
    breaker.left(breaker.enter(at));
    expect(breaker.refusal(at)).toBeNull();
  });

  test("asking whether one may try takes nobody's turn", () => {
    const breaker = opened();
    expect([breaker.refusal(100), breaker.refusal(100)]).toEqual([null, null]);
  });

  test("attack: leases from before it opened, ended one way or another, decide nothing for the one that tries", () => {
    const breaker = new Breaker(LIMITS);
    const older = Array.from({ length: 6 }, () => breaker.enter(0));
    for (const turn of older.splice(0, 3)) breaker.died(turn, 0, "crash");
    const turn = breaker.enter(100);
    const [a = turn, b = turn, c = turn] = older;
    breaker.left(a);
    breaker.worked(b);
    breaker.died(c, 101, "an old one");
    expect([breaker.state(101), breaker.refusal(101)]).toEqual(["half_open", expect.stringContaining("one is being tried")]);
    breaker.died(turn, 102, "the try");
    expect([breaker.state(301), breaker.state(302)]).toEqual(["open", "half_open"]);
  });
});

test("each tenant has a breaker of its own, and the memory of them is bounded", () => {
  const breakers = new Breakers(LIMITS);
  for (let i = 0; i < 3; i++) breakers.died("bad", breakers.enter("bad", 0), 0, "crash");
  expect([breakers.refusal("bad", 1) === null, breakers.refusal("good", 1)]).toEqual([false, null]);
  expect(breakers.states(1)).toEqual({ open: 1, half_open: 0 });
  expect(breakers.states(100)).toEqual({ open: 0, half_open: 1 });
  for (let i = 0; i < 256; i++) breakers.died(`tenant ${i}`, breakers.enter(`tenant ${i}`, 100), 100, "crash");
  expect(breakers.states(100)).toEqual({ open: 0, half_open: 0 });
});

test("above the places only a tenant without one gets in, and at most as many again", () => {
  const shares = new Shares(2);
  for (const tenant of ["a", "a", "b", "c"]) {
    expect(shares.admits(tenant)).toBe(true);
    shares.take(tenant);
  }
  expect([shares.admits("a"), shares.admits("b"), shares.admits("d"), shares.total]).toEqual([false, false, false, 4]);
  shares.give("a");
  expect([shares.admits("a"), shares.admits("b"), shares.admits("d")]).toEqual([false, false, true]);
  expect(() => shares.give("nobody")).toThrow("holds no place");
});
