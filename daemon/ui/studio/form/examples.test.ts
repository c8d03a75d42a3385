import { expect, test } from "bun:test";
import { exampleText, exampleValue, fieldsOfLine, lineOfFields } from "./examples.ts";

test("an empty field is missing, and a text that is empty can be written and is shown as that", () => {
  const type = { name: "string" } as const;
  expect([exampleValue("", type), exampleValue("''", type), exampleValue('""', type), exampleText(undefined), exampleText("")]).toEqual([undefined, "", "", "", "''"]);
  // Of no other type: there it is a mistake, which the compiler says.
  expect([exampleValue("''", { name: "int" }), exampleValue("''", undefined)]).toEqual(["''", "''"]);
  const fields = { a: "", b: "x", c: 1, d: true, e: "1", f: "null", g: "two words" };
  expect(fieldsOfLine(lineOfFields(fields))).toEqual(fields);
});
