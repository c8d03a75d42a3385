/** Whose a failed test is: yours, the base's, nobody's in particular. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, ShortText } from "./scalar.ts";

/** Digest of suite, name and file: what stays equal whatever the test says when it fails. */
export const TestId = Type.String({ pattern: "^[0-9a-f]{32}$" });
export const TestIds = Type.Array(TestId, { maxItems: 5_000 });

export const TestClass = Choice(["yours", "base", "flaky", "quarantined", "undecided"], {
  description: "yours: the base passes it, or the change touches it; base: it fails there the same way; flaky: known to be, and it passed when run again; undecided: it cannot be told, and it counts as a failure",
});
export type TestClass = Static<typeof TestClass>;

/** How often a test gave both answers on one tree, of the runs it was seen in; the interval holds in 95 of 100 cases (Wilson). */
export const FlakyRate = Closed({ runs: Count, flakes: Count, low_permille: Count, high_permille: Count });
export type FlakyRate = Static<typeof FlakyRate>;

export const FailedTest = Closed({
  id: TestId,
  name: ShortText,
  flaky: Type.Optional({ ...FlakyRate, description: "absent: not known to be flaky" }),
  retried: Type.Optional(Choice(["passed", "failed", "not_run"], { description: "absent: the command was run once" })),
  class: Type.Optional(TestClass),
  because: Type.Optional(ShortText),
});
export type FailedTest = Static<typeof FailedTest>;

/** One entry of `quarantine:` in the trusted base. A missing or bad date is a past one. */
export const QuarantineEntry = Closed({
  test: Type.String({ minLength: 3, maxLength: 500, description: "suite and name as the card shows them; `*` at an end stands for any rest" }),
  owner: Type.String({ minLength: 1, maxLength: 200, description: "who mends it" }),
  reason: Type.String({ minLength: 1, maxLength: 500 }),
  until: Type.Optional(Type.String({ maxLength: 64, description: "last day it counts, as 2026-12-01, in UTC" })),
});
export const QuarantineEntries = Type.Array(QuarantineEntry, { maxItems: 200, description: "tests whose failure is accepted for a while; docs/flaky.md" });
export type QuarantineEntry = Static<typeof QuarantineEntry>;

/** How many tests of a command failed, by whose they are. */
export const FailedTests = Closed({ failed: Count, yours: Count, base: Count, flaky: Count, quarantined: Count, undecided: Count });
export type FailedTests = Static<typeof FailedTests>;
