/** Every rule's documentation with what it leads to: what `maestro explain` prints. Pure. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { RuleDoc } from "../../proto/api.ts";
import { ActorClass } from "../../proto/actor.ts";
import { Effect, RuleMode } from "../../proto/decision.ts";
import type { Example, Rule } from "./checks/check.ts";
import { CHECKS } from "./checks/index.ts";
import { HOUSE_RULES } from "./house-rules.ts";

/** The part of a bundle's data that the default policy keeps its table in; a bundle of another make may have none. */
const Table = Type.Object({
  maestro: Type.Object({
    table: Type.Object({ rules: Type.Record(Type.String(), Type.Object({ mode: RuleMode, effects: Type.Record(ActorClass, Effect) })) }),
  }),
});
type Row = Static<typeof Table>["maestro"]["table"]["rules"][string];

const ALL_HOLD = { human: "hold", agent: "hold", bot: "hold", unknown: "hold" } as const;
const TEXT_MAX = 2000;

function exampleText({ says, change }: Example): string {
  const paths = change.map(({ path }) => path).join(", ");
  return `${says} (${paths})`.slice(0, TEXT_MAX);
}

function documented(check: string, rule: Rule, row: Row | undefined): RuleDoc {
  const effects = row?.effects ?? ALL_HOLD;
  const { human = "hold", agent = "hold", bot = "hold", unknown = "hold" } = effects;
  return {
    rule: rule.id,
    check,
    title: rule.title,
    why: rule.why,
    passes: exampleText(rule.passes),
    fails: exampleText(rule.fails),
    cannot_see: rule.cannot_see,
    replay: rule.replay,
    effects: { human, agent, bot, unknown },
    mode: row?.mode ?? "enforce",
  };
}

/** Rules of the checks in card order, then the rules no policy can switch off. A rule the policy's table does not name holds. */
export function ruleDocs(policy_data: unknown): RuleDoc[] {
  const rows = Value.Check(Table, policy_data) ? policy_data.maestro.table.rules : {};
  const ofChecks = CHECKS.flatMap((check) => check.rules.map((rule) => documented(check.id, rule, Object.hasOwn(rows, rule.id) ? rows[rule.id] : undefined)));
  const ofHouse = Object.entries(HOUSE_RULES).map(([rule, doc]): RuleDoc => ({ rule, check: "gate", ...doc, replay: null, effects: { ...ALL_HOLD }, mode: "enforce" }));
  return [...ofChecks, ...ofHouse];
}
