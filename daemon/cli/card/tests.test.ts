import { expect, test } from "bun:test";
import { card } from "./testing/card.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderTerminal } from "./terminal.ts";
import { failedTexts } from "../../verifier/words/failed-tests.ts";

const check = (tests: object) => ({ check: "command.unit", result: "fail" as const, required: true, because: null, findings: 4, tests: { failed: 4, yours: 1, base: 2, flaky: 1, quarantined: 0, undecided: 0, ...tests } });

test("whose failures they are, in one line, and what could not be told counts as failed", () => {
  expect(failedTexts({ checks: [check({})] })).toEqual(["command.unit: 4 failed, 1 probably yours; 2 on the base too, 1 known flaky, passed when run again"]);
  expect(failedTexts({ checks: [check({ failed: 1, yours: 0, base: 0, flaky: 0, undecided: 1 })] })).toEqual(["command.unit: 1 failed, none probably yours; 1 undecided, counted as failed"]);
});

test("of a report that the job handed in, it says so, and neither that anything was run again nor that it counts", () => {
  const report = { ...check({ undecided: 3 }), check: "report.tests", required: false, observer: "job" as const };
  expect(failedTexts({ checks: [report] })).toEqual(["report.tests, said by the job: 4 failed, 1 probably yours; 2 on the base too, 1 known flaky, 3 undecided"]);
});

test("both faces show it", () => {
  const shown = card({ checks: [check({})] });
  for (const face of [renderTerminal(shown), renderMarkdown(shown)]) expect(face.replaceAll(/\s+/g, " ")).toContain("4 failed, 1 probably yours");
});
