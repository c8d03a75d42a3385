/** Which tests a job's report says failed: real bytes through the job of a check process. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Outcome } from "../../proto/outcome.ts";
import { ReportName } from "../../proto/report.ts";
import { toolJob } from "./jobs.ts";

let folder: string;
let serial = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "handed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(text: string, name = "tests"): Promise<Outcome> {
  const path = join(folder, `r${++serial}`);
  writeFileSync(path, text);
  const reply = await toolJob({ kind: "report", name, report: { path, sha256: new Bun.CryptoHasher("sha256").update(text).digest("hex") } });
  if (reply.kind !== "report") throw new Error(`answered ${reply.kind}`);
  return reply.outcome;
}

const failed = (name: string): string => `<testcase classname="s" name="${name}" file="lib/a.test.js" line="7"><failure message="no">stack</failure></testcase>`;

test("each failed test is a note that says whose word it is, with its place and what it printed", async () => {
  const outcome = await read(`<testsuite name="s">${failed("t")}<testcase name="fine"/><testcase name="left"><skipped/></testcase></testsuite>`);
  expect([outcome.check, outcome.result, outcome.observer, outcome.findings_cut]).toEqual(["report.tests", "fail", "job", 0]);
  expect(outcome.findings).toMatchObject([{ rule: "report.test-failed", severity: "note", message: "said by the job: s t: no", range: { path: { u: "lib/a.test.js" }, start_line: 7 }, excerpt: "stack", test: { name: "s t" } }]);
  expect(outcome.findings[0]?.test).not.toHaveProperty("class");
  expect(outcome.gaps).toEqual([{ what: "1 tests of report tests", because: "skipped, says the job" }]);
});

test("a report in which nothing failed passes by the job's word alone", async () => {
  const outcome = await read('<testsuite><testcase name="fine"/></testsuite>');
  expect([outcome.result, outcome.observer, outcome.findings]).toEqual(["pass", "job", []]);
});

test("the longest name a report may have is a check's, too", async () => {
  const name = "r".repeat(32);
  expect([Value.Check(ReportName, name), Value.Check(ReportName, `${name}r`)]).toEqual([true, false]);
  expect(Value.Check(Outcome, await read("<testsuite/>", name))).toBe(true);
});

test("attack: more failed tests than anybody reads are a gap, and not a list cut short, which would hold the change", async () => {
  const outcome = await read(`<testsuite>${Array.from({ length: 6_000 }, (_, i) => failed(`t${i}`)).join("")}</testsuite>`);
  expect([outcome.findings.length, outcome.findings_cut, outcome.result]).toEqual([1_000, 0, "fail"]);
  expect(outcome.gaps).toEqual([{ what: "5000 more failed tests of report tests", because: "beyond the limit of one report" }]);
});

describe("attack: hostile XML is no answer, and no crash", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["entities that multiply", '<!DOCTYPE a [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>'],
    ["a thousand elements deep", "<testsuite>".repeat(1_000)],
    ["no test at all", "<testsuite/>"],
    ["totals that say more failed than are listed", '<testsuite failures="2"><testcase name="fine"/></testsuite>'],
    ["not XML", "\u0000{}"],
  ];
  test.each(cases)("%s", async (_name, text) => {
    const outcome = await read(text);
    expect([outcome.result, outcome.observer, outcome.findings, outcome.because?.startsWith("the job's report: ")]).toEqual(["unavailable", "job", [], true]);
  });
});
