import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { escapeTerminal } from "./escape/terminal.ts";
import { fit, pad, width, wrap } from "./layout.ts";
import { anyText } from "./testing/hostile.ts";
import { times } from "../../testing/scale.ts";

describe("fit", () => {
  test.each([
    ["abcdef", 6, "abcdef"],
    ["abcdefg", 6, "abcde…"],
    ["日本語日本語", 6, "日本…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ])("%s in %i columns", (text, columns, shown) => {
    expect(fit(text, columns, "…")).toBe(shown);
  });

  test("a path keeps its end", () => {
    expect(fit("a/very/long/path.ts:12", 12, "…", "end")).toBe("…/path.ts:12");
  });
});

test("padding counts cells, not characters", () => {
  expect(pad("日", 4)).toBe("日  ");
});

describe("wrap", () => {
  test("at spaces, else inside a word", () => {
    expect(wrap("one two three", 9)).toEqual(["one two", "three"]);
    expect(wrap("abcdefghij", 5)).toEqual(["abcd", "efgh", "ij"]);
  });

  test("never makes a workflow command out of the middle of a text", () => {
    expect(wrap("set the ::error::x", 9)).toEqual(["set the", "\\::error:", ":x"]);
  });
});

test("no text is wider than its room, and no letter is lost", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 8, max: 80 }), (raw, columns) => {
      const text = escapeTerminal(raw);
      expect(width(fit(text, columns, "…"))).toBeLessThanOrEqual(columns);
      const lines = wrap(text, columns);
      for (const line of lines) expect(width(line)).toBeLessThanOrEqual(columns);
      const letters = (one: string) => one.replace(/[\s\\]/gu, "");
      expect(letters(lines.join(""))).toBe(letters(text));
    }),
    { numRuns: times(500) },
  );
});
