import { describe, expect, test } from "bun:test";
import { utf8 } from "../../../proto/encoding.ts";
import { roundedAt } from "../../../proto/decimal.ts";
import { readJunit } from "./junit.ts";
import { openReport } from "./open.ts";
import { cpuMs } from "../../testing/cpu.ts";

const suite = (inner: string, attributes = ""): string => `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="s" ${attributes}>${inner}</testsuite></testsuites>`;
const PASS = '<testcase name="a" classname="c"/>';

function counted(text: string, metrics = ["failed", "errors", "skipped", "passed", "total"]): string {
  const report = openReport("junit", utf8(text));
  return metrics.map((metric) => {
    const reading = report(metric);
    return "broken" in reading ? reading.broken : typeof reading.value === "boolean" ? "boolean" : String(roundedAt(reading.value, 0, "down"));
  }).join(" ");
}

describe("JUnit", () => {
  test("tests are counted one by one: failed is whatever did not succeed", () => {
    const text = suite(`${PASS}<testcase name="b"><failure message="m">x</failure></testcase><testcase name="c"><error type="E"/></testcase><testcase name="d"><skipped/></testcase>`);
    expect(counted(text)).toBe("2 1 1 1 4");
  });

  test("a problem says where, with the text below it", () => {
    const [problem] = readJunit(utf8(suite('<testcase name="b &lt;i&gt;" classname="c" file="src/b.test.ts" line="7"><failure message="expected 3">at <![CDATA[<b>]]> line</failure></testcase>'))).problems;
    expect(problem).toEqual({ kind: "failure", suite: "c", name: "b <i>", file: "src/b.test.ts", line: 7, message: "expected 3", detail: "at <b> line" });
  });

  test("nested suites, a bare suite, output of tests that looks like markup of ours", () => {
    expect(counted('<testsuite name="o"><testsuite name="i"><testcase name="a"/><system-out>&lt;failure/&gt;</system-out></testsuite></testsuite>')).toBe("0 0 0 1 1");
    expect(counted(suite('<testcase name="a"><system-out><failure/></system-out></testcase>'))).toBe("0 0 0 1 1");
  });

  const attacks: readonly (readonly [string, string, string])[] = [
    ["billion laughs", `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>${suite(`<testcase name="&b;"/>`).slice(39)}`, "it has a DOCTYPE, which is not read"],
    ["an external entity that reads a file", `<!DOCTYPE t SYSTEM "file:///etc/passwd">${suite(PASS).slice(39)}`, "it has a DOCTYPE, which is not read"],
    ["an entity nobody defined", suite('<testcase name="&xxe;"/>'), "it is not well-formed XML"],
    ["nesting without end", suite(`${"<properties>".repeat(100_000)}`), "it is nested deeper than 64"],
    ["a failure that the totals know and no test shows", '<testsuites failures="3" tests="3"><testsuite><testcase name="a"/></testsuite></testsuites>', "it says 3 tests failed and lists 0"],
    ["a failure that only an inner suite's totals know", suite(PASS, 'failures="1"'), "it says 1 tests failed and lists 0"],
    ["a failure of one suite that another suite's makes up for", '<testsuites><testsuite errors="1"><testcase name="a"/></testsuite><testsuite><testcase name="b"><failure/></testcase></testsuite></testsuites>', "it says 1 tests failed and lists 0"],
    ["a negative total", '<testsuites failures="-1"><testsuite><testcase name="a"/></testsuite></testsuites>', "its failures is no count"],
    ["no test at all", suite(""), "it holds no test"],
    ["another document", "<html><testcase/></html>", "its root is neither testsuites nor testsuite"],
    ["the end is missing", suite(PASS).slice(0, -14), "it is not well-formed XML"],
    ["text after the end", `${suite(PASS)}<testcase/>`, "it is not well-formed XML"],
    ["two attributes of one name", suite('<testcase name="a" name="b"/>'), "it is not well-formed XML"],
    ["UTF-7, where < is spelled otherwise", suite(PASS).replace("UTF-8", "UTF-7"), "it is declared in another encoding than UTF-8"],
    ["a test inside a test that hides its failure", suite('<testcase name="a"><testcase name="b"><failure/></testcase></testcase>'), "a test stands inside another"],
    ["a suite inside a test", suite('<testcase name="a"><testsuite><testcase name="b"/></testsuite></testcase>'), "a suite stands inside a test"],
    ["not XML", "{}", "it is not well-formed XML"],
    ["empty", "", "it is not well-formed XML"],
  ];
  for (const [name, text, says] of attacks) test(`attack: ${name}`, () => expect(counted(text, ["total"])).toContain(says));

  test("attack: a failed test that is also marked as skipped has failed", () => {
    expect(counted(suite('<testcase name="a"><skipped/><failure/></testcase>'))).toBe("1 0 0 0 1");
  });

  test("attack: a suite that could not be set up, with its error outside of every test, is no pass", () => {
    const text = suite(`<error message="cannot import"/>${PASS}<system-out><error/></system-out>`, 'errors="1" tests="1"');
    expect(counted(text)).toBe("1 1 0 1 1");
    expect(readJunit(utf8(text)).problems).toMatchObject([{ kind: "error", suite: "s", message: "cannot import" }]);
    expect(counted(suite("<failure/>"), ["failed", "passed"])).toBe("1 0");
  });

  test("a test that failed and could not be torn down either is one that failed, and no contradiction", () => {
    expect(counted(suite('<testcase name="a"><failure/><error/></testcase>', 'failures="1" errors="1"'))).toBe("1 0 0 0 1");
  });

  test("attack: an attribute of megabytes and a hundred thousand tests take seconds", () => {
    const started = cpuMs();
    expect(counted(suite(`<testcase name="${"x".repeat(4_000_000)}"/>`), ["total"])).toBe("1");
    expect(counted(suite('<testcase name="a"><failure message="m"/></testcase>'.repeat(100_000)), ["failed"])).toBe("100000");
    expect(cpuMs() - started).toBeLessThan(30_000);
  }, 120_000);
});
