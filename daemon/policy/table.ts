/** What a bundle's own data says of its rules, for `maestro explain`. Deciding never reads this. */
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { RuleDoc } from "../../proto/api.ts";
import { Effect, RuleMode } from "../../proto/decision.ts";

export type RuleEffects = Pick<RuleDoc, "effects" | "mode">;

const Entry = Type.Object({ mode: RuleMode, effects: Type.Object({ human: Effect, agent: Effect, bot: Effect, unknown: Effect }, { additionalProperties: false }) });
const Table = Type.Object({ maestro: Type.Object({ table: Type.Object({ rules: Type.Record(Type.String(), Type.Unknown()) }) }) });

/** Effects by rule where the data has the form of the default policy's table; a policy without one has none to show. */
export function ruleTable(data: unknown): ReadonlyMap<string, RuleEffects> {
  const found = new Map<string, RuleEffects>();
  if (!Value.Check(Table, data)) return found;
  for (const [rule, entry] of Object.entries(data.maestro.table.rules)) {
    if (Value.Check(Entry, entry)) found.set(rule, { effects: entry.effects, mode: entry.mode });
  }
  return found;
}
