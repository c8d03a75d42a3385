import { expect, test } from "bun:test";
import { counted, moved } from "./text.ts";

test("a cursor goes with what it stands before when the text around it changes", () => {
  const before = "id: A\nscope: s\nowner: o\n";
  const after = before.replace("scope: s", "scope: system");
  expect(moved(before, after, 3)).toBe(3);
  expect(moved(before, after, before.indexOf("owner"))).toBe(after.indexOf("owner"));
  expect(moved(after, before, after.indexOf("owner"))).toBe(before.indexOf("owner"));
  expect(moved(after, before, after.indexOf("stem"))).toBe(before.indexOf("\nowner"));
  expect([moved("", "abc", 0), moved("abc", "", 2), moved("aa", "aaa", 2)]).toEqual([0, 0, 2]);
});

test("of examples nothing is said where there are none", () => {
  expect([counted(0, true), counted(0, false), counted(1, true), counted(2, false)]).toEqual(["No mistake: every type fits, and every example shows what it says.", "No mistake: every type fits. There is no example yet.", "1 mistake.", "2 mistakes."]);
});
