/** Refusals per rule. Pure. */
import { plural } from "../../../verifier/words/card.ts";
import { stops } from "../model.ts";
import type { Bars, Charted } from "./bars.ts";

const RULES_MAX = 15;

/** A refused card counts once under each rule that refused it. */
export function refusalsPerRule(cards: readonly Charted[]): Bars {
  const refused = cards.filter(({ verdict }) => verdict === "refuse");
  const by = new Map<string, number>();
  let several = 0;
  let none = 0;
  for (const { reasons } of refused) {
    const rules = new Set(reasons.filter((reason) => stops(reason) && reason.effect === "refuse").map(({ rule }) => rule));
    for (const rule of rules) by.set(rule, (by.get(rule) ?? 0) + 1);
    if (rules.size > 1) several += 1;
    if (rules.size === 0) none += 1;
  }
  const sorted = [...by].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const rest = sorted.slice(RULES_MAX);
  const others = rest.reduce((sum, [, count]) => sum + count, 0);
  const bar = (name: string, count: number) => ({ label: name, name, counts: [count] });
  return {
    id: "rules",
    title: "Refusals by rule",
    of: "Rule",
    lying: true,
    parts: [{ name: "refused", fill: "refuse" }],
    bars: [...sorted.slice(0, RULES_MAX).map(([rule, count]) => ({ ...bar(rule, count), search: `verdict:refuse rule:${rule}` })), ...(others === 0 ? [] : [bar(`${plural(rest.length, "other rule")}`, others)]), ...(none === 0 ? [] : [bar("no rule named", none)])],
    marks: [],
    remarks: several === 0 ? [] : [`${plural(several, "card")} ${several === 1 ? "was" : "were"} refused by more than one rule and ${several === 1 ? "counts" : "count"} under each.`],
  };
}
