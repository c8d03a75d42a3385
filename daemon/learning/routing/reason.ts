/** Why that arm, in one plain sentence. */
import { type Prices, RESOURCES, type Resource } from "../../../proto/resource.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import type { Decided, Narrowed, Wish } from "./decide.ts";
import type { Violation } from "./monitor.ts";
import { violationFor, type Violations } from "./watched.ts";

const UNIT: Readonly<Record<Resource, string>> = { usd_micro: "a dollar costs", tokens: "1,000 tokens cost", gpu_us: "a second of a GPU costs", cpu_us: "a minute of a processor costs" };
const DIGITS = 2;
const LISTED_MAX = 3;

const listed = (names: readonly string[]): string => (names.length > LISTED_MAX ? `${names.slice(0, LISTED_MAX).join(", ")} and ${names.length - LISTED_MAX} more` : names.join(" and "));

/** What is scarce just now and this request takes of. */
function scarce({ arms }: RouterEntry, prices: Prices): string {
  const used = new Set(arms.flatMap(({ usage = [] }) => usage.map(({ resource }) => resource)));
  return RESOURCES.filter((resource) => used.has(resource) && (prices[resource] ?? 0) > 0).map((resource) => `; ${UNIT[resource]} ${Number((prices[resource] ?? 0).toPrecision(DIGITS))} $ more just now`).join("");
}

export const violationText = ({ constraint, arm, max }: Violation): string => `${constraint} of ${arm ?? "the arms beside the baseline"} is above ${max}`;

function forcedText({ forced, left_out, eligible, refused: stopped }: Narrowed, can: string, violation: Violation | null): string | null {
  switch (forced) {
    case "only-arm":
      return `nothing else here can${can === "" ? " answer" : can}`;
    case "without":
      return `the best of ${eligible.length} without ${listed(left_out)}, as asked`;
    case "budget":
      return `the best of ${eligible.length} that the budget covers now, which is not ${listed(left_out)}`;
    case "guard":
      if (stopped !== null) return `the best of ${eligible.length} without ${listed(left_out)}, because ${stopped}`;
      return `the best of ${eligible.length} that ${eligible.length === 1 ? "keeps" : "keep"} the promised share, which is not ${listed(left_out)}`;
    case "constraint":
      return `the baseline alone, because ${violation === null ? "a constraint is violated" : violationText(violation)}`;
    case null:
      return null;
  }
}

export function reasonOf(router: RouterEntry, { require }: Pick<Wish, "require">, narrowed: Narrowed, { drawn, propensity, ground }: Decided, prices: Prices, violation: Violation | null): string {
  const can = require.length === 0 ? "" : ` ${listed(require)}`;
  const many = `${narrowed.eligible.length}${can === "" ? "" : ` that can${can}`}`;
  const said = {
    expected: `most worth of ${many} by what is expected of them`,
    seen: `most worth of ${many} by what was seen in such requests`,
    baseline: `the baseline of ${many}, as long as too little is known of such requests`,
    drawn: `one of ${many}, drawn at ${Number(propensity.toPrecision(DIGITS))} to learn what it brings`,
  }[ground];
  return `${drawn}: ${forcedText(narrowed, can, violation) ?? said}${scarce(router, prices)}`;
}

/** For one space, or for whoever runs the daemon: then without names, because others read that, too. */
export function fallbackText({ everybody, spaces }: Violations, sees: string | null): string | null {
  if (sees !== null) {
    const own = violationFor({ everybody, spaces }, sees);
    return own === null ? null : violationText(own);
  }
  if (everybody !== null) return violationText(everybody);
  const [first] = spaces.values();
  return first === undefined ? null : `${violationText(first)}, for ${spaces.size} of those who ask`;
}
