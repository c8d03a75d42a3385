import { describe, expect, test } from "bun:test";
import { SaxesParser } from "saxes";
import { admitted, card } from "../card/testing/card.ts";
import { activeCharacters, commandLines, HOSTILE } from "../card/testing/hostile.ts";
import { renderJunit } from "./junit.ts";
import { found, hostileReport, report } from "./testing/report.ts";

interface Element { readonly name: string; readonly attributes: Readonly<Record<string, string>>; text: string }

/** By a validating XML 1.0 parser; throws where the text is not well-formed. */
function elements(xml: string): Element[] {
  const parser = new SaxesParser({ fragment: false });
  const all: Element[] = [];
  const open: Element[] = [];
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)])), text: "" };
    all.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(xml).close();
  return all;
}
const named = (xml: string, name: string): Element[] => elements(xml).filter((one) => one.name === name);

test("findings that decide are failures, the verdict is one of its own", () => {
  const xml = renderJunit(report());
  expect(named(xml, "failure").map(({ attributes }) => attributes["type"])).toEqual(["hold", "ci.changed", "guard.self-edit"]);
  expect(named(xml, "testcase").map(({ attributes }) => attributes["name"])).toContain("ci.changed .github/workflows/test.yml:57");
  expect(named(xml, "failure")[1]?.text).toBe("hold: the workflow runs other commands. Move it into a change of its own.");
});

test("the sums at the top are those of the cases", () => {
  const xml = renderJunit(report());
  const [top] = named(xml, "testsuites");
  expect(top?.attributes).toMatchObject({ tests: String(named(xml, "testcase").length), failures: String(named(xml, "failure").length), skipped: String(named(xml, "skipped").length), errors: "0" });
  const suites = named(xml, "testsuite").reduce((sum, { attributes }) => sum + Number(attributes["tests"]), 0);
  expect(String(suites)).toBe(top?.attributes["tests"] ?? "");
});

test("attack: an unavailable check is an error, never a pass", () => {
  const checks = [{ check: "secrets", result: "unavailable" as const, required: false, because: "killed", findings: 0 }];
  const xml = renderJunit(report({ card: admitted({ checks }), found: { findings: [], cut: 0 } }));
  expect(named(xml, "error").map(({ attributes }) => attributes["message"])).toEqual(["killed"]);
  expect(named(xml, "testsuites")[0]?.attributes["errors"]).toBe("1");
});

test("attack: a hold that hangs on no finding turns the report red", () => {
  expect(named(renderJunit(report({ card: card({ reasons: [], checks: [] }), found: { findings: [], cut: 0 } })), "failure")).toHaveLength(1);
});

test("an admit has no failure; a note is said in its case", () => {
  const xml = renderJunit(report({ card: admitted() }));
  expect([named(xml, "failure"), named(xml, "error")]).toEqual([[], []]);
  expect(named(xml, "system-out").map(({ text }) => text)[0]).toStartWith("pass: the workflow runs");
});

test("a thousand cases, the heaviest kept, the rest counted", () => {
  const light = Array.from({ length: 1_200 }, (_, n) => found({ fingerprint: n.toString(16).padStart(64, "0") }));
  const xml = renderJunit(report({ found: { findings: [...light, found()], cut: 5 } }));
  expect(named(xml, "failure").map(({ attributes }) => attributes["type"])).toContain("ci.changed");
  expect(named(xml, "skipped").map(({ attributes }) => attributes["message"])).toContain("206 more findings are not in this report; the heaviest are");
});

describe("a hostile change is inert in JUnit", () => {
  test.each([...HOSTILE, ["end of a CDATA section", "a]]>b<x/>"] as const, ["entity", "&lt;&#60;&evil;<!ENTITY x SYSTEM 'file:///etc/passwd'>"] as const])("%s", (_attack, text) => {
    const xml = renderJunit(hostileReport(text));
    expect(activeCharacters(xml)).toEqual([]);
    expect(commandLines(xml)).toEqual([]);
    expect(xml).not.toContain("]]>");
    expect(new Set(elements(xml).map(({ name }) => name))).toEqual(new Set(["testsuites", "testsuite", "testcase", "failure", "error", "skipped"]));
  });
});
