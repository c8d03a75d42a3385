/** Stryker's mutation results, and JSON by pointer. */
import { describe, expect, test } from "bun:test";
import { decimalText, roundedAt } from "../../../proto/decimal.ts";
import { utf8 } from "../../../proto/encoding.ts";
import type { ReportFormat } from "../../../proto/report.ts";
import { openReport } from "./open.ts";

function asked(format: ReportFormat, text: string, what: string, scale = 2): string {
  const reading = openReport(format, utf8(text))(what);
  if ("broken" in reading) return reading.broken;
  return typeof reading.value === "boolean" ? String(reading.value) : decimalText(roundedAt(reading.value, scale, "down") ?? "?", scale);
}

const mutants = (...statuses: string[]): string => JSON.stringify({ schemaVersion: "2.0", files: { "a.ts": { source: "", mutants: statuses.map((status, id) => ({ id, status })) } } });

describe("mutation-testing-elements", () => {
  test("the score is detected of what could be detected; what did not compile or was ignored says nothing", () => {
    const text = mutants("Killed", "Timeout", "Survived", "NoCoverage", "CompileError", "RuntimeError", "Ignored");
    expect(["score", "killed", "timeout", "survived", "no-coverage", "total"].map((metric) => asked("stryker", text, metric, 0))).toEqual(["50", "1", "1", "1", "1", "4"]);
    expect(asked("stryker", mutants("Killed", "Killed", "Survived"), "score")).toBe("66.66");
  });

  test.each([
    ["a run that is not finished", mutants("Killed", "Pending"), "1 mutants are still pending"],
    ["a status nobody knows", mutants("Killed", "Vanished"), "a mutant has no known status"],
    ["a status from the prototype", mutants("constructor"), "a mutant has no known status"],
    ["nothing to kill", mutants("Ignored"), "it holds no mutant that could be killed"],
    ["no files", '{"files":[]}', "it has no files"],
    ["a file without mutants", '{"files":{"a":{}}}', "a file has no mutants"],
    ["the same file twice, the second one clean", '{"files":{"a":{"mutants":[{"status":"Survived"}]},"a":{"mutants":[{"status":"Killed"}]}}}', "duplicate key"],
  ])("attack: %s", (_, text, says) => expect(asked("stryker", text, "score")).toContain(says));
});

describe("JSON by pointer", () => {
  test("the examples of RFC 6901 section 5", () => {
    const text = '{"foo":["bar",1],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}';
    const pointers = ["/foo/1", "/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", '/k"l', "/ ", "/m~0n"];
    expect(pointers.map((pointer) => asked("json", text, pointer, 0))).toEqual(["1", "0", "1", "2", "3", "4", "5", "6", "7", "8"]);
  });

  test("a number keeps the digits it was written with; true and false are themselves", () => {
    const text = '{"a":0.1,"b":12345678901234567890.5,"c":1.5e3,"ok":true,"no":false}';
    expect([asked("json", text, "/a", 3), asked("json", text, "/b", 1), asked("json", text, "/c", 0), asked("json", text, "/ok"), asked("json", text, "/no")]).toEqual(["0.100", "12345678901234567890.5", "1500", "true", "false"]);
  });

  test.each([
    ["1e999", '{"a":1e999}', "/a", "the number at /a is out of range"],
    ["NaN", '{"a":NaN}', "/a", "expected a value"],
    ["Infinity", '{"a":-Infinity}', "/a", "expected a value"],
    ["a key twice, the second one better", '{"a":1,"a":99}', "/a", "duplicate key"],
    ["a number as text", '{"a":"99"}', "/a", "neither a number nor true or false"],
    ["null", '{"a":null}', "/a", "neither a number nor true or false"],
    ["nothing there", '{"a":1}', "/b", "it has nothing at /b"],
    ["an index with a leading zero", "[1,2]", "/01", "it has nothing at /01"],
    ["an index past the end", "[1,2]", "/2", "it has nothing at /2"],
    ["a property of every object", "{}", "/constructor", "it has nothing at /constructor"],
    ["a key called __proto__ is a key", '{"__proto__":{"a":3}}', "/__proto__/a", "3.00"],
    ["a length that is no field", '{"a":[1]}', "/a/length", "it has nothing at /a/length"],
    ["deep nesting", `${"[".repeat(100_000)}1${"]".repeat(100_000)}`, "/0", "nested deeper than 64"],
    ["two documents", "1 2", "", "text after the document"],
    ["half a surrogate", '{"\\ud800":1}', "", "lone surrogate"],
  ])("attack: %s", (_, text, pointer, says) => expect(asked("json", text, pointer)).toContain(says));
});
