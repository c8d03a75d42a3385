/** Fails on purpose; see `canary.test.ts`. */
import { expect, test } from "bun:test";

test("a test that would pass, in a file that does not load", () => {
  expect(1).toBe(1);
});

throw new Error("this file does not load");
