/** Whose the failed tests are, in one line for each command. */
import type { Card } from "../../../proto/card.ts";

export function failedTexts({ checks }: Pick<Card, "checks">): string[] {
  return checks.flatMap(({ check, tests, observer }) => {
    if (tests === undefined) return [];
    const { failed, yours, base, flaky, quarantined, undecided } = tests;
    const job = observer === "job";
    const others = [[base, "on the base too"], [flaky, job ? "known flaky" : "known flaky, passed when run again"], [quarantined, "quarantined"], [undecided, job ? "undecided" : "undecided, counted as failed"]] as const;
    const rest = others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    return [`${check}${job ? ", said by the job" : ""}: ${failed} failed, ${yours === 0 ? "none" : yours} probably yours${rest.length === 0 ? "" : `; ${rest.join(", ")}`}`];
  });
}
