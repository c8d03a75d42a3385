import { expect, test } from "bun:test";
import { placeFindings, policyInput } from "./input.ts";
import { finding, outcome, subject } from "./testing/subject.ts";

const text = outcome("text", { findings: [finding("code.debugger"), finding("test.focused")] });
const ci = outcome("ci", { findings: [finding("ci.changed", { range: null, tags: ["at-base"] })] });

test("findings have one order, whichever check answered first", () => {
  const rules = (outcomes: Parameters<typeof placeFindings>[0]) => placeFindings(outcomes).map(({ check, finding: { rule } }) => `${check}/${rule}`);
  expect(rules([text, ci])).toEqual(["ci/ci.changed", "text/code.debugger", "text/test.focused"]);
  expect(rules([ci, text])).toEqual(rules([text, ci]));
});

test("the document is the same for the same outcomes in any order", () => {
  expect(policyInput(subject({ outcomes: [text, ci] }))).toEqual(policyInput(subject({ outcomes: [ci, text] })));
});

test("a finding travels as rule, place and tags, without message or excerpt", () => {
  const leaky = outcome("ci", { findings: [finding("ci.changed", { excerpt: "SECRET", message: "SECRET", tags: ["test-path"] })] });
  const document = policyInput(subject({ outcomes: [leaky] }));
  expect(document.findings).toEqual([{ index: 0, rule: "ci.changed", check: "ci", path: "src/a.ts", tags: ["test-path"], baseline: "not_compared", severity: "warning" }]);
  expect(JSON.stringify(document)).not.toContain("SECRET");
});

test("an outcome says whether it is required and how many findings it left out", () => {
  const { outcomes } = policyInput(subject({ outcomes: [outcome("zeta", { result: "unavailable" }), outcome("ci", { findings_cut: 4 })] }));
  expect(outcomes).toEqual([
    { check: "ci", result: "pass", observer: "daemon", findings_cut: 4, required: true },
    { check: "zeta", result: "unavailable", observer: "daemon", findings_cut: 0, required: false },
  ]);
});

test("a path that is not UTF-8 can be matched on, with its broken bytes replaced", () => {
  const odd = finding("path.unsafe", { range: { path: { b64: "YS//Yg==" }, start_line: 1, end_line: 1 } });
  expect(policyInput(subject({ outcomes: [outcome("paths", { findings: [odd] })] })).findings[0]?.path).toBe("a/\ufffdb");
});
