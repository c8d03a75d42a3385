/** When a test is known to be flaky, and what a second run says of the first. Pure. */
import type { FailedTest, FlakyRate } from "../../proto/failed-test.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";

/** Below this many runs no rate is said. */
const RUNS_MIN = 10;
/** Trees on which the test gave both answers: two, so that one bad hour of the host over one tree makes nothing known. */
const FLAKES_MIN = 2;
/** Two-sided 95 %. */
const Z = 1.959963984540054;
const PERMILLE = 1_000;

/** Wilson's score interval for `hits` of `runs` in permille, widened to whole ones. Requires runs > 0. */
export function wilson(hits: number, runs: number): { readonly low_permille: number; readonly high_permille: number } {
  const share = hits / runs;
  const weight = Z ** 2 / runs;
  const middle = (share + weight / 2) / (1 + weight);
  const half = (Z / (1 + weight)) * Math.sqrt((share * (1 - share)) / runs + weight / (4 * runs));
  return { low_permille: Math.max(0, Math.floor((middle - half) * PERMILLE)), high_permille: Math.min(PERMILLE, Math.ceil((middle + half) * PERMILLE)) };
}

/** `null`: not known to be flaky. */
export function rateOf({ runs, flakes }: { readonly runs: number; readonly flakes: number }): FlakyRate | null {
  return runs < RUNS_MIN || flakes < FLAKES_MIN ? null : { runs, flakes, ...wilson(Math.min(flakes, runs), runs) };
}

export const failedIds = ({ findings }: Outcome): string[] => findings.flatMap(({ test }) => (test === undefined ? [] : [test.id]));

function withTest(finding: Finding, more: Partial<FailedTest>): Finding {
  return finding.test === undefined ? finding : { ...finding, test: { ...finding.test, ...more } };
}

export function withRates(outcome: Outcome, rates: ReadonlyMap<string, FlakyRate>): Outcome {
  return { ...outcome, findings: outcome.findings.map((finding) => {
    const flaky = finding.test === undefined ? undefined : rates.get(finding.test.id);
    return flaky === undefined ? finding : withTest(finding, { flaky });
  }) };
}

const failures = ({ findings, result, because }: Outcome): string => (result === "unavailable" ? `gave no answer: ${because ?? ""}` : `${findings.length} failed`);

/**
 * Both runs over one tree as one outcome: what failed in either stands. A test of the first counts as passed only where the second run
 * names it among those that passed; a run that stopped before it says nothing.
 */
export function bothRuns(first: Outcome, second: Outcome, passed: ReadonlySet<string>): Outcome {
  const gaps = [...first.gaps, { what: "a known flaky test failed, so the command ran twice", because: `run 1: ${failures(first)}; run 2: ${failures(second)}`.slice(0, 2000) }].slice(-256);
  if (second.result === "unavailable" || second.findings_cut > 0) return { ...first, findings: first.findings.map((one) => withTest(one, { retried: "not_run" })), gaps };
  const again = new Set(failedIds(second));
  const before = new Set(first.findings.map(({ fingerprint, test }) => test?.id ?? fingerprint));
  const retried = ({ id }: FailedTest) => (again.has(id) ? ("failed" as const) : passed.has(id) ? ("passed" as const) : ("not_run" as const));
  const findings = first.findings.map((one) => (one.test === undefined ? one : withTest(one, { retried: retried(one.test) })));
  const news = second.findings.filter(({ fingerprint, test }) => !before.has(test?.id ?? fingerprint)).map((one) => withTest(one, { retried: "failed" }));
  return { ...first, result: "fail", findings: [...findings, ...news], gaps };
}
