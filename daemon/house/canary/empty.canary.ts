/** Fails on purpose; see `canary.test.ts`. */
import { expect, test } from "bun:test";

const skipped: boolean = Bun.argv.includes("never");

test("a test whose only expectation is never reached", () => {
  if (skipped) expect(1).toBe(1);
});
