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
});
