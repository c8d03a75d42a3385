import { describe, expect, test } from "bun:test";
import { utf8 } from "../../proto/encoding.ts";
import { BrokenReport } from "./reports/reading.ts";
import { readSarif } from "./sarif.ts";

interface Result {
  readonly [key: string]: unknown;
}

const sarif = (results: readonly Result[] | null, more: object = {}): Uint8Array => utf8(JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "t", rules: [{ id: "r0", defaultConfiguration: { level: "note" }, shortDescription: { text: "about r0" } }, { id: "r1", messageStrings: { default: { text: "template" } } }] } }, results, ...more }] }));
const place = (uri: string, region: object = { startLine: 3 }): Result => ({ locations: [{ physicalLocation: { artifactLocation: { uri }, region } }] });

function first(result: Result, cwd = ""): unknown {
  const [found] = readSarif(sarif([result]), cwd).findings;
  return found === undefined ? null : `${found.rule} ${found.level} ${found.path}:${found.line}-${found.end_line} ${found.message}`;
}

function refusal(bytes: Uint8Array): string {
  try {
    readSarif(bytes, "");
  } catch (error) {
    if (error instanceof BrokenReport) return error.message;
    throw error;
  }
  return "taken";
}

describe("a result", () => {
  const cases: readonly (readonly [string, Result, string])[] = [
    ["says rule, level, place and words", { ruleId: "x/y", level: "error", message: { text: "bad" }, ...place("src/a.ts", { startLine: 2, endLine: 4 }) }, "x/y error src/a.ts:2-4 bad"],
    ["takes its level from its rule", { ruleId: "r0", message: { text: "m" } }, "r0 note null:1-1 m"],
    ["names its rule by place", { ruleIndex: 0, message: { text: "m" } }, "r0 note null:1-1 m"],
    ["names its rule through an object", { rule: { id: "r0" }, message: { text: "m" } }, "r0 note null:1-1 m"],
    ["warns where nobody gives a level", { ruleId: "none", message: { text: "m" } }, "none warning null:1-1 m"],
    ["is an error where its level is none that is known", { ruleId: "r0", level: "catastrophe", message: { text: "m" } }, "r0 error null:1-1 m"],
    ["takes its words from the rule's template", { ruleId: "r1", message: { id: "default" } }, "r1 warning null:1-1 template"],
    ["takes its words from what the rule is about", { ruleId: "r0" }, "r0 note null:1-1 about r0"],
    ["has no name", { message: { text: "m" } }, "unnamed warning null:1-1 m"],
    ["lies where the sandbox has the tree", { message: { text: "m" }, ...place("file:///change/src/a%20b.ts") }, "unnamed warning src/a b.ts:3-3 m"],
    ["lies outside the tree", { message: { text: "m" }, ...place("file:///etc/passwd") }, "unnamed warning null:3-3 m"],
    ["climbs out of the tree", { message: { text: "m" }, ...place("../../etc/passwd") }, "unnamed warning null:3-3 m"],
    ["climbs out behind percent signs", { message: { text: "m" }, ...place("src/%2e%2e/%2e%2e/x") }, "unnamed warning null:3-3 m"],
    ["lies on the web", { message: { text: "m" }, ...place("https://example.org/a") }, "unnamed warning null:3-3 m"],
    ["has a broken escape", { message: { text: "m" }, ...place("%E0%A4%A") }, "unnamed warning null:3-3 m"],
    ["has a line that is none", { message: { text: "m" }, ...place("a", { startLine: -5, endLine: 1.5 }) }, "unnamed warning a:1-1 m"],
    ["has a line beyond all files", { message: { text: "m" }, ...place("a", { startLine: 1e21 }) }, "unnamed warning a:1-1 m"],
    ["asks for a review", { kind: "review", level: "error", message: { text: "m" } }, "unnamed note null:1-1 m"],
  ];
  test.each(cases)("%s", (_, result, says) => expect(first(result)).toBe(says));

  test("of a command that ran in a folder is relative to that folder", () => {
    expect(first({ message: { text: "m" }, ...place("a.ts") }, "packages/x")).toBe("unnamed warning packages/x/a.ts:3-3 m");
  });

  test("that says nothing is wrong is none", () => {
    for (const kind of ["pass", "notApplicable", "informational"]) expect(first({ kind, message: { text: "m" } })).toBeNull();
  });

  test("that is suppressed in the source is counted as not looked at; one whose suppression was refused counts", () => {
    const report = readSarif(sarif([{ message: { text: "a" }, suppressions: [{ kind: "inSource" }] }, { message: { text: "b" }, suppressions: [{ kind: "external", status: "rejected" }] }, { message: { text: "c" }, suppressions: [] }]), "");
    expect(report.findings.map(({ message }) => message)).toEqual(["b", "c"]);
    expect(report.gaps).toEqual([{ what: "1 results of the tool", because: "suppressed by its own configuration or by comments in the code" }]);
  });
});

describe("attack: a file that could pass for clean", () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["no run", utf8('{"version":"2.1.0","runs":[]}'), "it holds no run"],
    ["a run that could not begin", sarif(null), "a run has no results"],
    ["a run whose results lie elsewhere", utf8('{"version":"2.1.0","runs":[{"tool":{}}]}'), "a run has no results"],
    ["a run that did not succeed", sarif([], { invocations: [{ executionSuccessful: false, toolExecutionNotifications: [{ message: { text: "config not found" } }] }] }), "its run did not succeed: config not found"],
    ["another version", utf8('{"version":"2.0.0","runs":[{"results":[]}]}'), "it is not SARIF 2.1.0"],
    ["results twice, the second time empty", utf8('{"version":"2.1.0","runs":[{"results":[{"message":{"text":"m"}}],"results":[]}]}'), "duplicate key"],
    ["cut in the middle", sarif([{ message: { text: "m" } }]).slice(0, -9), "JSON"],
    ["empty", new Uint8Array(0), "JSON"],
    ["nesting without end", utf8(`{"version":"2.1.0","runs":${"[".repeat(50_000)}`), "nested deeper"],
    ["results that are no list", utf8('{"version":"2.1.0","runs":[{"results":{"length":0}}]}'), "a run has no results"],
    ["locations that are no list", sarif([{ locations: {} }]), "locations is no list"],
    ["not text", Uint8Array.of(0xff), "not UTF-8"],
  ];
  test.each(cases)("%s", (_, bytes, says) => expect(refusal(bytes)).toContain(says));
});
