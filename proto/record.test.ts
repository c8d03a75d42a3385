import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { MaestroError } from "./errors.ts";
import { recordBytes, recordId, recordIdPattern, RECORD_TYPES } from "./record.ts";

const body = { b: 1, a: "ü", list: [1, null, true] };

// Computed with Python's json, hashlib and base64. They never change: a changed id orphans every record ever signed.
test("golden ids", () => {
  expect(recordId("gate", 1, {})).toBe("gate:bnevvjlw5g2efhjoqod34ogmay6m4pzdtivqakf3t5k5xmtp6iia");
  expect(recordId("policy", 1, body)).toBe("policy:wwn4goc2wg5pimwqowndorp5tmr6jctmmfppxqq33piuqicl2fna");
  expect(recordId("config", 2, body)).toBe("config:b72yxqz4pqvkdwjfcx55zcong2nzpef4r5rqojtde6uv7wxivn4q");
});

test("a record is its type, version and body in canonical form", () => {
  expect(new TextDecoder().decode(recordBytes("gate", 1, body))).toBe('{"body":{"a":"ü","b":1,"list":[1,null,true]},"type":"gate","v":1}');
});

test("type and version are part of the id, and the id is not a bare hash of the bytes", () => {
  const ids = RECORD_TYPES.flatMap((type) => [recordId(type, 1, body), recordId(type, 2, body)]);
  const digests = ids.map((id) => id.split(":")[1]);
  expect(new Set(digests).size).toBe(ids.length);
  for (const [i, id] of ids.entries()) expect(id).toMatch(new RegExp(recordIdPattern(RECORD_TYPES[i >> 1]!)));
  expect(createHash("sha256").update(recordBytes("gate", 1, body)).digest("hex")).not.toContain(digests[0]!.slice(0, 10));
});

test("a body without a canonical form has no id", () => {
  for (const wrong of [{ a: 0.1 }, { a: undefined }, { a: "\ud800" }]) expect(() => recordId("gate", 1, wrong)).toThrow(MaestroError);
});
