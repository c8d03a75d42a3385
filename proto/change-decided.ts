/** A decided gate as the event `change_decided` of invariants/events.yaml: what rules about changes are asked of, as it happens and of what is on record. */
import type { CardRow } from "./cards.ts";

export const CHANGE_DECIDED = "change_decided";

/** As rules compute: money in micro-dollars, times in milliseconds, whole numbers beyond 2^53 as bigint. */
export type ChangeDecided = Readonly<Record<string, string | number | bigint | boolean | readonly string[]>>;

const US_PER_MS = 1000;

const whole = (decimal: string): number | bigint => (Number.isSafeInteger(Number(decimal)) ? Number(decimal) : BigInt(decimal));

/** Rules of reasons that do what is asked here, each once, in the order of the card. */
const rulesOf = (row: CardRow, wanted: (reason: CardRow["reasons"][number]) => boolean): string[] => [...new Set(row.reasons.filter(wanted).map(({ rule }) => rule))];

/** Pure: equal rows give equal events. A field that is not known is missing, and a rule that needs it asks `has(field)` first. */
export function changeDecided(row: CardRow): ChangeDecided {
  const { gate_id, attempt, verdict, mode, repository, target_ref, head, title, actor, files, added_lines, removed_lines, policy, counts, checks, cost, total_us, held_at, at, released } = row;
  return {
    gate_id, attempt, decision: verdict, mode, repository, target: target_ref, head, title, actor: actor.class, author: actor.name, agent: actor.agent ?? "", policy,
    files, added_lines, removed_lines,
    refusing: counts.refuse, holding: counts.hold, observed: counts.observed, notes: counts.note,
    rules: rulesOf(row, ({ effect, observed }) => effect !== "note" && !observed), observed_rules: rulesOf(row, ({ effect, observed }) => effect !== "note" && observed),
    checks: checks.asked, required: checks.required, failed: checks.failed, unavailable: checks.unavailable.length, required_unavailable: checks.unavailable.filter(({ required }) => required).length,
    ...(cost.whole_micro_usd === null ? {} : { cost: whole(cost.whole_micro_usd) }),
    took: Math.round(total_us / US_PER_MS),
    ...(held_at === null ? {} : { waited: Math.max(0, Date.parse(at) - Date.parse(held_at)) }),
    released: released.length > 0, overridden: released.some(({ kind }) => kind === "override"),
  };
}
