/** How many tests of a check failed, by whose they are. Pure. */
import type { FailedTests } from "../../proto/failed-test.ts";
import type { Outcome } from "../../proto/outcome.ts";

/** Nothing where no test failed. A test that nobody classed is undecided. */
export function failedTests({ findings }: Pick<Outcome, "findings">): { readonly tests?: FailedTests } {
  const tests = findings.flatMap(({ test }) => (test === undefined ? [] : [test]));
  if (tests.length === 0) return {};
  const counted: FailedTests = { failed: tests.length, yours: 0, base: 0, flaky: 0, quarantined: 0, undecided: 0 };
  for (const { class: kind = "undecided" } of tests) counted[kind] += 1;
  return { tests: counted };
}
