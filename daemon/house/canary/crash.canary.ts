/** Fails on purpose; see `canary.test.ts`. */
import { expect, test } from "bun:test";

test("a process that is killed in the middle of a test", () => {
  expect(process.pid).toBeGreaterThan(0);
  process.kill(process.pid, "SIGKILL");
});
