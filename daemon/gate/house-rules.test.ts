import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { RuleDoc } from "../../proto/api.ts";
import { HOUSE_RULES, houseRuleDocs } from "./house-rules.ts";

const source = (await Promise.all(["decide.ts", "accepted.ts", "../release/marks.ts"].map((name) => Bun.file(new URL(name, import.meta.url)).text()))).join("\n");

test("every rule of the house is documented in the form that explain prints", () => {
  const docs = houseRuleDocs();
  expect(docs).toHaveLength(Object.keys(HOUSE_RULES).length);
  for (const doc of docs) expect(Value.Check(RuleDoc, doc)).toBeTrue();
});

test("decide raises every one of them, so none is documented in vain", () => {
  expect(Object.keys(HOUSE_RULES).filter((rule) => !source.includes(`"${rule}"`))).toEqual([]);
});
