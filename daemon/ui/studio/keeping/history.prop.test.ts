import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { begin, PAUSE_MS, record, redo, STEPS_MAX, undo } from "./history.ts";

const step = fc.oneof(
  fc.record({ kind: fc.constant("edit" as const), about: fc.constantFrom("", "id", "owner"), value: fc.nat(), pause_ms: fc.constantFrom(1, PAUSE_MS, PAUSE_MS + 1) }),
  fc.constantFrom({ kind: "undo" as const }, { kind: "redo" as const }),
);

describe("undo and redo", () => {
  test("undone to the beginning and done again to the end is where it was, after any edits", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let history = begin({ value: -1 });
        const first = history.present;
        let at_ms = 0;
        for (const one of steps) {
          if (one.kind === "undo") history = undo(history);
          else if (one.kind === "redo") history = redo(history);
          else history = record(history, { value: one.value }, one.about, (at_ms += one.pause_ms));
        }
        const { present, past, future } = history;
        let back = history;
        while (back.past.length > 0) back = undo(back);
        expect([back.present === first, undo(back) === back]).toEqual([true, true]);
        let forth = back;
        for (let i = 0; i < past.length; i++) forth = redo(forth);
        expect([forth.present === present, forth.future]).toEqual([true, future]);
      }),
      { numRuns: 300 },
    );
  });

  test("typing on in one field is one step; a pause, another field, and typing after an undo begin a new one", () => {
    let history = begin("");
    const type = (text: string, about: string, at_ms: number) => (history = record(history, text, about, at_ms));
    type("a", "id", 10);
    type("ab", "id", 500);
    type("abc", "id", 1_400);
    expect(history.past).toEqual([""]);
    type("abcd", "id", 1_400 + PAUSE_MS + 1);
    type("abcd!", "owner", 2_500);
    expect(history.past).toEqual(["", "abc", "abcd"]);
    history = undo(history);
    type("abcdx", "owner", 2_600);
    expect([history.past, history.future]).toEqual([["", "abc", "abcd"], []]);
    type("cleared", "", 2_601);
    type("cleared again", "", 2_602);
    expect(history.past.slice(-2)).toEqual(["abcdx", "cleared"]);
  });

  test("the oldest steps go past the limit, and what is there now stays", () => {
    let history = begin(0);
    for (let i = 1; i <= STEPS_MAX + 20; i++) history = record(history, i, "", i);
    expect([history.past.length, history.past[0], history.present]).toEqual([STEPS_MAX, 20, STEPS_MAX + 20]);
  });
});
