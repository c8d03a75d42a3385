import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { parseCanonical } from "./canonical.ts";
import { fromBase64, fromHex, toBase64, toHex, utf8 } from "./encoding.ts";
import { Base64 } from "./scalar.ts";

// Patterns with a repeated group match nothing once their input has some megabytes; a bundle in a reply has.
const BYTES = 12 * 1024 * 1024;

test("strings of megabytes are read, decoded and checked like short ones", () => {
  const bytes = new Uint8Array(BYTES).fill(0xa7);
  const text = toBase64(bytes);
  expect(fromBase64(text)?.length).toBe(BYTES);
  expect(Value.Check(Base64, text)).toBe(true);
  expect(fromBase64(`${text.slice(0, -1)}*`)).toBeNull();
  expect(fromHex(toHex(bytes))?.length).toBe(BYTES);
  const limits = { bytes_max: 4 * BYTES, depth_max: 4 };
  expect(parseCanonical(utf8(`{"bundle":"${text}"}`), limits)).toEqual({ bundle: text });
  expect(parseCanonical(utf8(`"${"\\n\\\"".repeat(BYTES / 8)}"`), limits)).toHaveLength(BYTES / 4);
});
