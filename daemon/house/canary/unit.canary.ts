/** Fails on purpose; see `canary.test.ts`. */
import { expect, test } from "bun:test";
import { toBase32 } from "../../../proto/encoding.ts";

test("a wrong expectation", () => {
  expect(toBase32(Uint8Array.of(1))).toBe("aa");
});
