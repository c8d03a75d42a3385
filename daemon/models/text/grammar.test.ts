import { describe, expect, test } from "bun:test";
import { failureOf } from "../../platform/process/testing/gone.ts";
import { schemaGrammar } from "./grammar.ts";
import { accepts } from "./testing/gbnf.ts";

const object = (properties: Record<string, unknown>) => ({ type: "object", properties });
const refusal = async (schema: unknown): Promise<string> => {
  const error = await failureOf(Promise.resolve().then(() => schemaGrammar(schema)));
  expect(error.code).toBe("models.request");
  return error.detail;
};

describe("a schema as a grammar", () => {
  test("every whole number of its bounds is in it and no other", () => {
    for (const [minimum, maximum] of [[0, 10], [7, 7], [-12, 13], [95, 1_203], [-205, -17], [0, 0], [1_000, 1_000]] as const) {
      const { gbnf, bounded } = schemaGrammar({ type: "integer", minimum, maximum });
      const seen: number[] = [];
      for (let i = minimum - 120; i <= maximum + 120; i++) if (accepts(gbnf, String(i))) seen.push(i);
      expect(seen).toEqual(Array.from({ length: maximum - minimum + 1 }, (_, i) => minimum + i));
      expect(bounded).toBe(false);
    }
  });

  test("an open integer is bounded, and that is said", () => {
    const { gbnf, bounded } = schemaGrammar({ type: "integer" });
    expect([bounded, accepts(gbnf, "999999"), accepts(gbnf, "-999999"), accepts(gbnf, "1000000"), accepts(gbnf, "1e5"), accepts(gbnf, "007"), accepts(gbnf, "-0")]).toEqual([true, true, true, false, false, false, false]);
  });

  test("members stand in the order of the schema, strings and lists within their bounds", () => {
    const { gbnf, bounded } = schemaGrammar(object({ 'a "b"\n': { enum: ["x", 1, null, true] }, list: { type: "array", items: { type: "string", minLength: 1, maxLength: 2 }, minItems: 1, maxItems: 2 } }));
    const text = (key: unknown, list: unknown): string => `{"a \\"b\\"\\n": ${JSON.stringify(key)}, "list": ${JSON.stringify(list).replaceAll(",", ", ")}}`;
    expect(bounded).toBe(false);
    for (const [key, list, fits] of [["x", ["é"], true], [null, ["ab", "\n"], true], [2, ["a"], false], ["x", [], false], ["x", ["a", "b", "c"], false], ["x", ["abc"], false]] as const) expect(accepts(gbnf, text(key, list))).toBe(fits);
    expect(accepts(gbnf, '{"list": ["a"], "a \\"b\\"\\n": "x"}')).toBe(false);
  });

  test("of many values that begin alike each is in it and no other", async () => {
    const values = ["a", "ab", "abc", "b", 1, 12, -1, "1", "", null, true, "\u{1F642}", "\u{1F643}", '"', "\\", ...Array.from({ length: 300 }, (_, i) => `${"x".repeat(40)}${i}`)];
    const { gbnf } = schemaGrammar({ enum: [...values, "a"] });
    for (const value of values) expect([value, accepts(gbnf, JSON.stringify(value))]).toEqual([value, true]);
    for (const text of ['"abcd"', '"ac"', "121", "-", '"', '"x"', '"\u{1F640}"', "nul", ""]) expect([text, accepts(gbnf, text)]).toEqual([text, false]);
    expect(schemaGrammar({ type: ["string", "null"], enum: ["a", null] }).bounded).toBe(false);
    expect(await refusal({ type: ["string", "null"], enum: ["a", 1] })).toContain("not of type string or null");
  });

  test("a schema made to be slow is refused, and one made to be large takes no time", async () => {
    const deep = (depth: number): unknown => JSON.parse(`${'{"type":"array","maxItems":1,"items":'.repeat(depth)}{"type":"null"}${"}".repeat(depth)}`);
    expect(await refusal(deep(20))).toContain("deeper than 16");
    expect(await refusal(deep(1_000_000))).toBe("json_schema: deeper than 48");
    expect(await refusal({ type: "null", default: JSON.parse(`${"[".repeat(60)}${"]".repeat(60)}`) })).toBe("json_schema: deeper than 48");
    expect(await refusal({ type: "object", properties: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, { type: "null" }])) })).toContain("more than 512 schemas");
    expect(await refusal({ anyOf: Array.from({ length: 33 }, (_, i) => ({ type: "string", maxLength: i })) })).toBe("json_schema.anyOf: needs 1 to 32 schemas");
    const two = (depth: number): unknown => (depth === 0 ? { type: "string" } : { anyOf: [two(depth - 1), two(depth - 1)] });
    expect(schemaGrammar(two(5)).bounded).toBe(true);
    expect(await refusal(two(6))).toContain("with the choices inside it 64 schemas, the limit is 32");
    expect(await refusal({ enum: Array.from({ length: 513 }, (_, i) => i) })).toContain("1 to 512 values");
    expect(await refusal({ $defs: { a: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" })).toContain("needs type");
    expect(await refusal({ type: "string", pattern: "(a+)+$" })).toContain("pattern is not supported");
    expect(await refusal({ type: "string", format: "regex" })).toContain("format is not supported");
    expect(await refusal({ type: "array", items: { type: "null" }, minItems: 1e9 })).toContain("minItems: more than 256");
    expect(await refusal({ type: "object", patternProperties: { "(a+)+$": { type: "null" } } })).toContain("patternProperties is not supported");
    const nested = (depth: number): unknown => (depth === 0 ? { type: "string", maxLength: 256 } : { type: "array", maxItems: 256, items: nested(depth - 1) });
    expect(schemaGrammar(nested(16)).gbnf.length).toBeLessThan(2_000);
  });

  test("what a grammar cannot keep to is refused by its place and name", async () => {
    expect(await refusal({ type: "string", pattern: "^a+$" })).toBe("json_schema: pattern is not supported");
    expect(await refusal(object({ a: { type: "number", minimum: 0 } }))).toBe("json_schema.properties.a: minimum is not supported");
    expect(await refusal({ $ref: "#" })).toContain("needs type");
    expect(await refusal({ oneOf: [{ type: "string" }, { const: "a" }] })).toContain("anyOf takes others");
    expect(await refusal({ type: "array" })).toContain("needs items");
    expect(await refusal({ type: "integer", minimum: 3, maximum: 2 })).toContain("more than maximum");
    expect(await refusal({ ...object({}), required: ["a"] })).toContain("a is not among the properties");
    expect(await refusal(Array.from({ length: 20 }).reduce((inner: unknown) => ({ type: "array", items: inner, maxItems: 1 }), { type: "null" }))).toContain("deeper than 16");
    expect(await refusal({ type: "string", description: "x".repeat(70_000) })).toContain("characters");
    expect(await refusal("a")).toContain("not an object");
  });

  test("attack: one type named hundreds of times opens a choice for each", () => {
    expect(schemaGrammar({ type: Array.from({ length: 400 }, () => "string") }).gbnf).toBe(schemaGrammar({ type: ["string"] }).gbnf);
  });
});
