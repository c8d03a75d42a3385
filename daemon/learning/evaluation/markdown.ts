/** A report for a person. Names in it are of patterns that hold no markup; numbers are written the same everywhere. */
import type { EvaluationInterval, EvaluationReport } from "../../../proto/evaluation.ts";

const DIGITS = 4;
export const shown = (value: number | null): string => (value === null ? "–" : String(Number(value.toPrecision(DIGITS))));

const VERDICTS: Readonly<Record<EvaluationReport["verdict"], string>> = {
  promote: "promote: it may decide",
  reject: "reject: it does harm, or earns less than is allowed",
  insufficient: "insufficient support: these episodes cannot tell",
};

const PROVEN: Readonly<Record<EvaluationInterval["guarantee"], string>> = {
  "finite-sample": "yes, at any number of rows",
  anytime: "yes, however often it is looked at",
  none: "no: report only",
  "no-coverage": "no: a model's belief, its width says nothing of the truth",
};

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string[] => [`| ${heads.join(" | ")} |`, `| ${heads.map(() => "---").join(" | ")} |`, ...rows.map((row) => `| ${row.join(" | ")} |`)];

function supportRows({ rows, search_rows, unanswered = 0, left_out, refused, ess, weight_bound, weight_max, weight_mean, weight_z, above_bound, unsupported, propensity_min }: EvaluationReport["support"]): [string, string][] {
  return [
    ["episodes the verdict rests on (safety split)", shown(rows)],
    ["episodes that chose how to ask (search split)", shown(search_rows)],
    ["further episodes whose outcome nobody knows (safety split)", shown(unanswered)],
    ["effective sample size", shown(ess)],
    ["largest weight, and the largest that counts", `${shown(weight_max)}, ${shown(weight_bound)}`],
    ["mean weight (should be 1), in standard errors from it", `${shown(weight_mean)}, ${shown(weight_z)}`],
    ["smallest propensity of what ran", shown(propensity_min)],
    ["episodes that could have had a weight above the bound", shown(above_bound)],
    ["share of decisions where nothing was ever drawn", shown(unsupported)],
    ["left out (arms that are gone), contradicting themselves", `${shown(left_out)}, ${shown(refused)}`],
  ];
}

export function markdownOf(report: EvaluationReport): string {
  const { verdict, reasons, more, router, candidate, gain, constraints, tried, fresh_ms, delta, share, intervals, estimates, support, reward, logged } = report;
  return [
    `# ${router}: ${VERDICTS[verdict]}`,
    "",
    ...reasons.map((reason) => `- ${reason}`),
    ...(more === null ? [] : [`- about ${more} more episodes with an outcome are needed; asked over more of them it is a new question, with less of ${shown(delta)}: it has ${shown(share)} now`]),
    "",
    `Candidate \`${candidate}\`, reward ${reward.name} version ${reward.version}. Question ${tried} that was put to these rows: it has ${shown(share)} of the ${shown(delta)} that a wrong yes may have over all of them.${fresh_ms === undefined ? "" : ` Decisions of the safety split up to ${new Date(fresh_ms).toISOString()} may be in a report on another candidate and do not count.`}`,
    "",
    ...table(["what", "estimate", "at least", "at most", "needed"], [
      [`gain over what was logged (${gain.form})`, shown(gain.estimate), shown(gain.lower), shown(gain.upper), `at least ${shown(gain.needed)}`],
      ...constraints.map(({ name, estimate, lower, upper, max, answer }) => [`${name}: ${answer}`, shown(estimate), shown(lower), shown(upper), `at most ${shown(max)}`]),
    ]),
    "",
    "## Intervals (95 %)",
    "",
    ...table(["of", "estimator", "method", "from", "to", "proven"], intervals.map(({ of, estimator, method, lower, upper, guarantee }) => [of, estimator, method, shown(lower), shown(upper), PROVEN[guarantee]])),
    "",
    "## Estimates",
    "",
    ...table(["estimator", "value", "standard error"], [["logged", shown(logged.value), shown(logged.se)], ...estimates.map(({ estimator, value, se }) => [estimator, shown(value), shown(se)])]),
    "",
    "## Can the log be believed?",
    "",
    ...table(["what", "found"], supportRows(support)),
    "",
    ...table(["arm", "ran", "should have run", "standard errors apart", "share of decisions under the candidate"], support.arms.map(({ arm, ran, expected, z, wanted = null }) => [arm, shown(ran), shown(expected), shown(z), shown(wanted)])),
    "",
    ...table(["part of the log", "rows", "propensity", "weight", "reward"], support.parts.map(({ rows, propensity, weight, reward: brought }, nth) => [String(nth + 1), shown(rows), shown(propensity), shown(weight), shown(brought)])),
    "",
  ].join("\n");
}
