/** Whose a test is that the job alone says failed: its word never makes more of it than undecided. */
import { expect, test } from "bun:test";
import type { Facts } from "../../proto/facts.ts";
import type { FailedTest } from "../../proto/failed-test.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { classOfSaid, Touched } from "./mine.ts";

const touching = (...paths: string[]): Touched => {
  const files = paths.map((path) => ({ path: { u: path }, old_path: null }) as Facts["files"][number]);
  const tree = ["lib/far.test.js", ...paths].map((path) => ({ path: { u: path } }) as Facts["tree"][number]);
  return new Touched({ files, tree });
};
const TEST: FailedTest = { id: "1".repeat(32), name: "s t" };
const FLAKY: FailedTest = { ...TEST, flaky: { runs: 12, flakes: 6, low_permille: 250, high_permille: 750 } };
const finding = (path: string | null, message: string, one = TEST): Finding => ({ rule: "report.test-failed", message, range: path === null ? null : { path: { u: path }, start_line: 1, end_line: 1 }, severity: "note", fingerprint: "a".repeat(64), baseline: "not_compared", tags: [], excerpt: null, counterexample: null, fix: null, test: one });
const base = (message: string, one = TEST): Outcome[] => [{ check: "command.unit", result: "fail", because: null, observer: "sandbox", findings: [{ ...finding("lib/far.test.js", message, one), rule: "command.unit.test-failed" }], findings_cut: 0, gaps: [] }];

const said = (one: FailedTest, path: string | null, touched: Touched, bases: readonly Outcome[] = [], message = "said by the job: s t: no") => classOfSaid(finding(path, message, one), one, bases, touched);

test("the base's, only where a run of the daemon's over the base's own tree failed it with the same words", () => {
  const touched = touching("pkg/code.js");
  expect(said(TEST, "lib/far.test.js", touched, base("s t: no"))[0]).toBe("base");
  expect(said(TEST, "lib/far.test.js", touched, base("s t: yes"))).toEqual(["undecided", "it fails on the base, too, and says something else there"]);
  expect(said(TEST, "lib/far.test.js", touched, base("s t: no", { ...TEST, id: "2".repeat(32) }))).toEqual(["undecided", "the job alone ran it"]);
});

test("attack: the job says of its own test that it is the base's, flaky, run again and passed: it stays undecided", () => {
  const claims: FailedTest = { ...TEST, class: "base", because: "fails on base", retried: "passed" };
  expect(said(claims, "lib/far.test.js", touching("pkg/code.js"))).toEqual(["undecided", "the job alone ran it"]);
});

test("yours where the change touches its file or folder, known flaky or not", () => {
  expect(said(FLAKY, "pkg/a.test.js", touching("pkg/code.js"))).toEqual(["yours", "the change touches its folder"]);
  expect(said(TEST, "pkg/a.test.js", touching("pkg/a.test.js"))).toEqual(["yours", "the change touches its file"]);
});

test("flaky by the daemon's own runs alone, and not where the change may have touched the test", () => {
  expect(said(FLAKY, "lib/far.test.js", touching("pkg/code.js"))).toEqual(["flaky", "known flaky: both answers on 6 trees in 12 runs (25.0 to 75.0 %), by the daemon's own runs of the target"]);
  expect(said(FLAKY, null, touching("pkg/a.test.js"))[0]).toBe("undecided");
});
