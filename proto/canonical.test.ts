import { describe, expect, test } from "bun:test";
import { canonicalBytes, canonicalNumbers, canonicalText, parseCanonical, parseStrict } from "./canonical.ts";
import { utf8 } from "./encoding.ts";
import { MaestroError } from "./errors.ts";

const limits = { bytes_max: 1000, depth_max: 8 };
const read = (text: string) => parseStrict(utf8(text), limits);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "none";
}

describe("canonical form", () => {
  test("keys sort by UTF-16 code units (RFC 8785 section 3.2.3, its own example)", () => {
    const sample = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(canonicalText(sample)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  test("strings are escaped as RFC 8785 section 3.2.2.2 says, its own example", () => {
    expect(canonicalText({ string: "\u20ac$\u000f\nA'B\"\\\\\"/", literals: [null, true, false] })).toBe(
      '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    expect(canonicalText("\b\t\n\f\r\u001f\u007f\u2028")).toBe('"\\b\\t\\n\\f\\r\\u001f\u007f\u2028"');
  });

  test("nothing stands between the tokens, at any depth, and the bytes are UTF-8", () => {
    expect(canonicalText({ b: [{ y: 1, x: [] }], a: {} })).toBe('{"a":{},"b":[{"x":[],"y":1}]}');
    expect([...canonicalBytes("ö")]).toEqual([0x22, 0xc3, 0xb6, 0x22]);
  });

  test("what has no canonical form is refused, not dropped", () => {
    const refused: readonly unknown[] = [0.5, -0, NaN, Infinity, 2 ** 53, 10n, undefined, [undefined], { a: undefined }, () => 1, Symbol("x"), "\ud800", { "\udc00": 1 }];
    for (const value of refused) expect(codeOf(() => canonicalText(value))).toBe("internal.bug");
    expect(canonicalText([0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])).toBe("[0,-1,9007199254740991,-9007199254740991]");
  });
});

describe("strict reading", () => {
  test("plain documents are read, white space and escapes included", () => {
    expect(read(' {"a" : [1, -2 ,0] , "b":"\\u00e9\\n\\/\\ud83d\\ude00" }\r\n\t')).toEqual({ a: [1, -2, 0], b: "é\n/😀" });
    for (const [text, value] of [["null", null], ["true", true], ["false", false], ['""', ""], ["[]", []], ["{}", {}], ["-7", -7]] as const) {
      expect(read(text)).toEqual(value);
    }
  });

  const refused: readonly (readonly [name: string, text: string])[] = [
    ["a duplicate key", '{"a":1,"a":1}'],
    ["a duplicate key spelled with an escape", '{"a":1,"\\u0061":2}'],
    ["text after the document", "1 2"],
    ["two documents", "{}{}"],
    ["a byte order mark", "\ufeff{}"],
    ["an exponent", "1e2"],
    ["a fraction", "1.0"],
    ["minus zero", "-0"],
    ["an integer beyond 2^53", "9007199254740993"],
    ["an integer of a thousand digits", "1".repeat(900)],
    ["a leading zero", "01"],
    ["a plus sign", "+1"],
    ["hexadecimal", "0x10"],
    ["NaN", "NaN"],
    ["a lone surrogate", '"\\ud800"'],
    ["a lone surrogate as key", '{"\\udfff":1}'],
    ["swapped surrogates", '"\\ude00\\ud83d"'],
    ["a control character in a string", '"a\nb"'],
    ["an unknown escape", '"\\x41"'],
    ["a short escape", '"\\u12"'],
    ["an open string", '"abc'],
    ["single quotes", "'a'"],
    ["a trailing comma in a list", "[1,]"],
    ["a trailing comma in an object", '{"a":1,}'],
    ["a missing comma", "[1 2]"],
    ["a missing colon", '{"a" 1}'],
    ["an unquoted key", "{a:1}"],
    ["a comment", "1 // one"],
    ["an open list", "[1"],
    ["an open object", '{"a":1'],
    ["nothing", ""],
    ["white space of another kind", "\u00a01"],
    ["a capital literal", "True"],
  ];
  for (const [name, text] of refused) {
    test(`${name} is refused`, () => {
      expect(codeOf(() => read(text))).toBe("request.malformed");
    });
  }

  test("depth and size are bounded", () => {
    expect(codeOf(() => read("[".repeat(8) + "]".repeat(8)))).toBe("none");
    expect(codeOf(() => read("[".repeat(9) + "]".repeat(9)))).toBe("request.malformed");
    expect(codeOf(() => read('{"a":'.repeat(9)))).toBe("request.malformed");
    expect(codeOf(() => read(" ".repeat(1001)))).toBe("request.too_large");
  });

  test("bytes that are not UTF-8 are refused: overlong, surrogate, cut, stray", () => {
    for (const bytes of [[0x22, 0xc0, 0xaf, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe2, 0x82, 0x22], [0xff]]) {
      expect(codeOf(() => parseStrict(Uint8Array.from(bytes), limits))).toBe("request.malformed");
    }
  });

  test("a key named __proto__ is a key and changes no prototype", () => {
    const value = read('{"__proto__":{"admin":true},"constructor":1}');
    expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("a canonical document has one spelling", () => {
    expect(parseCanonical(utf8('{"a":1,"b":[]}'), limits)).toEqual({ a: 1, b: [] });
    for (const other of ['{"b":[],"a":1}', '{"a": 1,"b":[]}', '{"\\u0061":1,"b":[]}', '{"a":1,"b":[]}\n', '"\\/"']) {
      expect(codeOf(() => parseCanonical(utf8(other), limits))).toBe("request.malformed");
    }
  });
});

describe("where fractions are taken", () => {
  const fractions = (text: string) => parseStrict(utf8(text), { ...limits, fractions: true });

  test("numbers are read as they are, and still nothing that is none, or that no double holds", () => {
    expect(fractions('{"a":[0.1,-2.5e-3,1e2,7,-0.0]}')).toEqual({ a: [0.1, -0.0025, 100, 7, 0] });
    for (const text of ["1e999", "-1e999", "NaN", "Infinity", "01", "1.", ".5", "+1", "9007199254740993", '{"a":0.5,"a":0.5}']) expect(codeOf(() => fractions(text))).toBe("request.malformed");
  });

  test("numbers are written as RFC 8785 section 3.2.2.3 and its appendix B have them, and keys in their order", () => {
    expect(canonicalNumbers({ b: [1e21, 4.5, 2e-3, 1e-27, 333333333.33333329, 5e-324, -0], a: 1 })).toBe('{"a":1,"b":[1e+21,4.5,0.002,1e-27,333333333.3333333,5e-324,0]}');
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined]) expect(codeOf(() => canonicalNumbers({ value }))).toBe("internal.bug");
  });

  test("what is signed has none", () => {
    expect(codeOf(() => canonicalText({ a: 0.5 }))).toBe("internal.bug");
  });
});
