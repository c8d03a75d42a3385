/** Fails on purpose; see `canary.test.ts`. */
import { expect, test } from "bun:test";
import fc from "fast-check";

test("a law that a hundred runs break", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 2, maxLength: 8 }), (bytes) => expect(bytes.toReversed()).toEqual(bytes)));
});
