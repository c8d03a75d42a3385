import { describe, expect, test } from "bun:test";
import type { EvaluationReport } from "../../proto/evaluation.ts";
import type { GatedPolicy } from "../../proto/learned.ts";
import { cardPolicies, type Evaluated, evaluatedIn, keptReports, learnedObligations, reportDocuments } from "./learned-obligations.ts";

const POLICY: GatedPolicy = { path: "p.json", router: "review", min: "-0.050000000" };
const CONSTRAINT = { name: "failed", estimate: 0.01, lower: 0, upper: 0.04, max: 0.05, answer: "kept", missing: 0 } as const;

function said(verdict: EvaluationReport["verdict"], [lower, upper]: readonly [number, number], change: Partial<GatedPolicy> = {}, constraint: Partial<EvaluationReport["constraints"][number]> = {}): Evaluated {
  const report = { verdict, more: 12, gain: { form: "model", estimate: 0, lower, upper, needed: -0.05 }, constraints: [{ ...CONSTRAINT, ...constraint }] } as Partial<EvaluationReport> as EvaluationReport;
  return { policy: { ...POLICY, ...change }, report, text: "{}", sha256: "a".repeat(64) };
}

const resultsOf = (one: Evaluated) => learnedObligations([one]).map(({ result, value, min, max }) => [result, value, min, max]);

describe("a report as obligations", () => {
  test("whole numbers of 10^-9, rounded to the side that promises less; what cannot be told has no number", () => {
    expect(resultsOf(said("promote", [0.01234567891, 0.2]))).toEqual([["pass", "12345678", "-50000000", null], ["pass", "40000000", null, "50000000"]]);
    expect(resultsOf(said("reject", [-0.3, -0.1]))).toEqual([["fail", "-100000000", "-50000000", null], ["pass", "40000000", null, "50000000"]]);
    expect(resultsOf(said("reject", [0.1, 0.2], {}, { answer: "broken", lower: 0.06 }))).toEqual([["pass", "100000000", "-50000000", null], ["fail", "60000000", null, "50000000"]]);
    expect(resultsOf(said("insufficient", [0.1, 0.2]))).toEqual([["unavailable", null, "-50000000", null], ["unavailable", null, null, "50000000"]]);
  });

  test("a bound that the verdict met is met by the number, too: the last digit does not turn a pass into a lie", () => {
    const [[, value, min] = []] = resultsOf(said("promote", [-0.05 + 1e-12, 0.2]));
    expect(Number(value)).toBeGreaterThanOrEqual(Number(min));
  });

  test("hidden: no number anywhere, no report that travels", () => {
    const hidden = said("promote", [0.1, 0.2], { hide: true });
    expect(learnedObligations([hidden]).map(({ value, hidden: is, kind }) => [value, is, kind])).toEqual([[null, true, "numeric"], ["1", undefined, "boolean"]]);
    expect([reportDocuments([{ ...hidden, markdown: "#", svg: "<svg/>" }]), keptReports([hidden]).length]).toEqual([[], 1]);
    // With counterexamples (32), bounds and a report of each of sixteen policies: 64 is what a bundle holds.
    expect(reportDocuments(Array.from({ length: 16 }, () => ({ ...said("promote", [0.1, 0.2]), markdown: "#", svg: "<svg/>" }))).length).toBeLessThanOrEqual(64 - 32 - 1);
  });

  test("attack: how many more it would take says how far from its bound a hidden gain is", () => {
    const told = learnedObligations([said("insufficient", [-0.1, 0.2], { hide: true })]).map(({ because }) => because);
    expect([told, learnedObligations([said("insufficient", [-0.1, 0.2])])[0]?.because]).toEqual([["the log cannot tell", "the log cannot tell"], "the log cannot tell: about 12 more episodes with an outcome are needed"]);
    const { policy, report, ...rest } = said("insufficient", [-0.1, 0.2], { hide: true });
    const [line] = cardPolicies([{ check: "learning", result: "fail", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: [], policies: [{ router: "review", path: "p.json", before: null, after: "c".repeat(64), cells: 1, changed: 1, mass_ppm: 1, listed: [] }] }], [{ policy, report: { ...report, candidate: "c".repeat(64), tried: 1 }, ...rest }]).learned ?? [];
    expect([line?.verdict, line?.gain, line?.more]).toEqual(["insufficient", null, null]);
  });

  test("attack: a check process asks about a router that the base does not declare, or twice about one: neither makes a leaf", () => {
    const run = (router: string, report: string) => ({ id: "0".repeat(64), router, report, because: null });
    const outcome = { check: "learning", result: "pass", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: [] } as const;
    const evaluations = [run("other", "{}"), run("review", '{"a":1}'), run("review", '{"a":2}')];
    const found = evaluatedIn([{ outcome: { ...outcome, findings: [], gaps: [] }, duration_us: 0, evaluations }], { learned: [POLICY] });
    expect(found.map(({ policy: { router }, text }) => [router, text])).toEqual([["review", '{"a":1}']]);
  });
});
