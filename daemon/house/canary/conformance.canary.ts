/** Fails on purpose; see `canary.test.ts`. */
import { expect, test } from "bun:test";
import { recordId } from "../../../proto/record.ts";

test("a vector with one character changed", () => {
  expect(recordId("gate", 1, {})).toBe("gate:bnevvjlw5g2efhjoqod34ogmay6m4pzdtivqakf3t5k5xmtp6iib");
});
