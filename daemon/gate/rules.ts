/** Every rule's documentation with what it leads to: what `maestro explain` prints. Pure. */
import type { RuleDoc } from "../../proto/api.ts";
import { ruleTable, type RuleEffects } from "../policy/index.ts";
import type { Example, Rule } from "./checks/check.ts";
import { CHECKS } from "./checks/index.ts";
import { TOOL_RULES } from "../commands/rules.ts";
import { houseRuleDocs } from "./house-rules.ts";

/** What decide does with a finding no policy speaks of. */
const HOLDS: RuleEffects = { effects: { human: "hold", agent: "hold", bot: "hold", unknown: "hold" }, mode: "enforce" };
const TEXT_MAX = 2000;

const exampleText = ({ says, change }: Example): string => `${says} (${change.map(({ path }) => path).join(", ")})`.slice(0, TEXT_MAX);

function documented(check: string, { id, title, why, passes, fails, cannot_see, replay }: Rule, effects: RuleEffects): RuleDoc {
  return { rule: id, check, title, why, passes: exampleText(passes), fails: exampleText(fails), cannot_see, replay, ...effects };
}

/** Rules of the checks in card order, then those of outside tools, then the rules no policy can switch off. */
export function ruleDocs(policy_data: unknown): RuleDoc[] {
  const table = ruleTable(policy_data);
  const ofChecks = CHECKS.flatMap((check) => check.rules.map((rule: Rule) => documented(check.id, rule, table.get(rule.id) ?? HOLDS)));
  const ofTools = Object.entries(TOOL_RULES).map(([rule, text]): RuleDoc => ({ rule, ...text, replay: null, ...(table.get(rule) ?? HOLDS) }));
  return [...ofChecks, ...ofTools, ...houseRuleDocs()];
}
