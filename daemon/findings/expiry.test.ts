import { describe, expect, test } from "bun:test";
import { expiredBecause, secondsLeft } from "./expiry.ts";

const at = (time: string): number => Date.parse(time);

describe("when a waiver ends", () => {
  test("its last day is part of it, to the last second, in UTC", () => {
    expect(expiredBecause("2026-12-01", at("2026-12-01T23:59:59.999Z"))).toBeNull();
    expect(expiredBecause("2026-12-01", at("2026-12-02T00:00:00Z"))).toBe("it ended with 2026-12-01");
    expect(expiredBecause("2026-12-01", at("2026-12-01T23:30:00-02:00"))).toBe("it ended with 2026-12-01");
  });

  test.each(["2026-02-30", "2026-13-01", "2026-1-1", "1 December 2026", "never", "9999", "2026-12-01T00:00Z", "2026-12-01 or so", ""])("attack: %p is no day, so it is over", (until) => {
    expect(expiredBecause(until, at("2020-01-01T00:00:00Z"))).toContain("not a day");
    expect(secondsLeft(until, at("2020-01-01T00:00:00Z"))).toBe(0);
  });

  test("attack: no date at all is over too", () => {
    expect(expiredBecause(null, 0)).toContain("no date");
    expect(secondsLeft(null, 0)).toBe(0);
  });

  test("a leap day is a day where it is one", () => {
    expect(expiredBecause("2028-02-29", at("2028-02-29T12:00:00Z"))).toBeNull();
    expect(expiredBecause("2027-02-29", at("2027-01-01T12:00:00Z"))).toContain("not a day");
  });

  test("what is left of it, down to nothing", () => {
    expect(secondsLeft("2026-12-01", at("2026-12-01T23:59:00Z"))).toBe(60);
    expect(secondsLeft("2026-12-01", at("2026-12-05T00:00:00Z"))).toBe(0);
  });
});
