import { expect, test } from "bun:test";
import { covered, reported, summary } from "./report.ts";

const report = reported({
  set: "held-out", scenarios_sha256: "0".repeat(64), machine: "m", commit: "c", wall_s: 1, floors: [{ name: "looks good", results: [{ id: "a", kind: "risk", score: 0, missed: [{ check: "ASKED", got: 0 }] }], drops: [] }],
  ways: [{ name: "rules", drops: [], results: [
    { id: "a", kind: "risk", score: 0.5, missed: [{ check: "ASKED", got: 0.5 }], draft: { path: "rules", because: "b", usd_micro: 0, cpu_us: 7, gpu_us: 0, text: "ANSWERED" } },
    { id: "b", kind: "fix", score: 0, missed: [], absent: "o/r is not here" },
  ] }],
});

test("a covered report holds every figure and nothing of what was asked or answered, on paper and as JSON", () => {
  for (const words of ["ASKED", "ANSWERED"]) expect([JSON.stringify(report).includes(words), JSON.stringify(covered(report)).includes(words)]).toEqual([true, false]);
  expect([summary(report).includes("ASKED"), summary(covered(report)).includes("ASKED")]).toEqual([true, false]);
  const [open, shut] = [report, covered(report)].map(({ paths }) => paths.map(({ all, kinds, cpu_s, arms, results }) => ({ all, kinds, cpu_s, arms, scores: results.map(({ id, score, absent }) => [id, score, absent]) })));
  expect(shut).toEqual(open!);
  expect([summary(covered(report)).includes("not passed: 2"), summary(covered(report)).includes("o/r is not here")]).toEqual([true, true]);
});
