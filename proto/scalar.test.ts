import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { equalBytes } from "./encoding.ts";
import { Base64, Decimal, PathBytes, pathFromBytes, pathText, pathToBytes, RefName, RuleId, Timestamp } from "./scalar.ts";
import { times } from "../daemon/testing/scale.ts";

test("any path of a git tree comes back byte for byte", () => {
  const path = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.string({ unit: "binary", minLength: 1 }).map((text) => new TextEncoder().encode(text)));
  fc.assert(
    fc.property(path, (bytes) => {
      const coded = pathFromBytes(bytes);
      expect(equalBytes(pathToBytes(coded), bytes)).toBe(true);
      expect(Value.Check(PathBytes, coded)).toBe(true);
      expect(pathFromBytes(pathToBytes(coded))).toEqual(coded);
    }),
    { numRuns: times(500) },
  );
});

test("a path that is not UTF-8 keeps its bytes and is readable all the same", () => {
  const latin1 = Uint8Array.of(0x66, 0xfc, 0x72);
  expect(pathFromBytes(latin1)).toEqual({ b64: "Zvxy" });
  expect(pathText({ b64: "ZvxyLnRz" })).toBe("f\ufffdr.ts");
  expect(() => pathToBytes({ b64: "Zvxy=" })).toThrow(RangeError);
});

test("decimals have one spelling", () => {
  for (const text of ["0", "7", "-7", "12345678901234567890"]) expect(Value.Check(Decimal, text)).toBe(true);
  for (const text of ["-0", "00", "01", "+1", "1.0", "1e3", "", " 1", "1\n"]) expect(Value.Check(Decimal, text)).toBe(false);
});

test("times are RFC 3339 in UTC, whole seconds", () => {
  expect(Value.Check(Timestamp, "2026-01-31T23:59:59Z")).toBe(true);
  for (const text of ["2026-01-31T23:59:59+00:00", "2026-01-31T23:59:59.5Z", "2026-01-31 23:59:59Z", "2026-01-31T23:59:59Z\n"]) expect(Value.Check(Timestamp, text)).toBe(false);
});

test("names that git, a shell or a terminal would read otherwise are no names", () => {
  for (const text of ["refs/heads/main", "v1.0", "feature/ü"]) expect(Value.Check(RefName, text)).toBe(true);
  for (const text of ["", "a b", "a^", "a~1", "a:b", "a?", "a*", "a[", "a\\", "a\u0000", "a\u001b[31m"]) expect(Value.Check(RefName, text)).toBe(false);
  for (const text of ["secrets.token", "size", "ci.permission-raised"]) expect(Value.Check(RuleId, text)).toBe(true);
  for (const text of ["", ".", "a.", "A", "a..b", "a_b", "1a", "a\n"]) expect(Value.Check(RuleId, text)).toBe(false);
  expect(Value.Check(Base64, "Zm9v\n")).toBe(false);
});
