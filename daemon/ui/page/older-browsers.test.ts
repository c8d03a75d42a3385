import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromBase64, fromHex, toBase64, toHex } from "./older-browsers.ts";

test("what takes the place of a missing method does what the method does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const [hex, base64] = [bytes.toHex(), bytes.toBase64()];
      expect([toHex(bytes), toBase64(bytes), fromHex(hex).toHex(), fromBase64(base64).toBase64()]).toEqual([hex, base64, hex, base64]);
    }),
    { numRuns: 200 },
  );
  const large = new Uint8Array(200_000).fill(7);
  expect(toBase64(large)).toBe(large.toBase64());
});
