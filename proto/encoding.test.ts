import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, equalBytes, fromBase32, fromBase64, fromHex, fromUtf8, fromUtf8Lossy, toBase32, toBase64, toHex, utf8 } from "./encoding.ts";
import { times } from "../daemon/testing/scale.ts";

const bytes = fc.uint8Array({ maxLength: 40 });

describe("base64", () => {
  test("RFC 4648 section 10 vectors", () => {
    for (const [text, encoded] of [["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], ["foob", "Zm9vYg=="], ["foobar", "Zm9vYmFy"]] as const) {
      expect(toBase64(utf8(text))).toBe(encoded);
      expect(fromBase64(encoded)).toEqual(utf8(text));
    }
  });

  test("a second spelling of the same bytes is refused", () => {
    for (const text of ["Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", " Zm9v", "Zm9-", "Zm9_", "Zm 9v", "=", "Z", "Zg==Zg=="]) {
      expect(fromBase64(text)).toBeNull();
    }
  });

  test("what decodes encodes back to the same text, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.base64String(), fc.string({ unit: fc.constantFrom(..."AQgwZm9+/=-_ \n"), maxLength: 8 })), (text) => {
        const decoded = fromBase64(text);
        expect(decoded === null ? text : toBase64(decoded)).toBe(text);
      }),
      { numRuns: times(1000) },
    );
  });
});

describe("hex and base32", () => {
  test("hex is lower case and whole bytes", () => {
    expect(toHex(Uint8Array.of(0, 255, 16))).toBe("00ff10");
    expect(fromHex("00ff10")).toEqual(Uint8Array.of(0, 255, 16));
    for (const text of ["0", "0G", "FF", " 00", "00\n", "0x00"]) expect(fromHex(text)).toBeNull();
  });

  test("base32: RFC 4648 section 10 vectors, lower case and without padding", () => {
    for (const [text, encoded] of [["", ""], ["f", "my"], ["fo", "mzxq"], ["foo", "mzxw6"], ["foob", "mzxw6yq"], ["fooba", "mzxw6ytb"], ["foobar", "mzxw6ytboi"]] as const) {
      expect(toBase32(utf8(text))).toBe(encoded);
      expect(fromBase32(encoded)).toEqual(utf8(text));
    }
    expect(toBase32(new Uint8Array(32))).toBe("a".repeat(52));
  });

  test("base32 is read strictly: no capitals, no padding, no bits that are not there", () => {
    for (const text of ["MY", "my======", "mz", "m", "0", "a1", " my"]) expect(fromBase32(text)).toBeNull();
  });

  test("no two byte strings of one length share an encoding", () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => {
      fc.pre(a.length === b.length);
      expect(toBase32(a) === toBase32(b)).toBe(equalBytes(a, b));
      expect(toHex(a) === toHex(b)).toBe(equalBytes(a, b));
    }));
  });
});

describe("UTF-8", () => {
  test("a byte order mark is a character, not swallowed", () => {
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });

  test("what is not UTF-8 is null when strict and U+FFFD when for people", () => {
    expect(fromUtf8(Uint8Array.of(0x61, 0xff))).toBeNull();
    expect(fromUtf8Lossy(Uint8Array.of(0x61, 0xff))).toBe("a\ufffd");
  });

  test("text survives the way there and back", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }).filter((value) => value.isWellFormed()), (text) => expect(fromUtf8(utf8(text))).toBe(text)));
  });
});

test("bytes joined are the bytes in order", () => {
  fc.assert(fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => expect([...concatBytes(...parts)]).toEqual(parts.flatMap((part) => [...part]))));
});
