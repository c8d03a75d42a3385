import type { ActorClass } from "../../proto/actor.ts";
import type { ReplayChange } from "../../proto/api.ts";

export interface RuleCount {
  readonly rule: string;
  refuse: number;
  hold: number;
  note: number;
  human: number;
  bot: number;
  agent: number;
  unknown: number;
}

export interface ReplaySummary {
  readonly changes: number;
  readonly actors: Record<ActorClass, number>;
  readonly verdicts: { clean: number; note: number; hold: number; refuse: number };
  readonly rules: readonly RuleCount[];
}

/** Counts changes, not findings: a rule that fires ten times in one change counts once, with its strictest effect. */
export function summarise(changes: readonly ReplayChange[]): ReplaySummary {
  const actors: Record<ActorClass, number> = { human: 0, agent: 0, bot: 0, unknown: 0 };
  const verdicts = { clean: 0, note: 0, hold: 0, refuse: 0 };
  const rules = new Map<string, RuleCount>();
  const strictness = { pass: 0, note: 1, hold: 2, refuse: 3 } as const;
  for (const change of changes) {
    actors[change.actor]++;
    const strictest = new Map<string, keyof typeof strictness>();
    for (const { rule, effect } of change.effects) {
      const before = strictest.get(rule) ?? "pass";
      if (strictness[effect] > strictness[before]) strictest.set(rule, effect);
    }
    if (change.verdict === "refuse") verdicts.refuse++;
    else if (change.verdict === "hold") verdicts.hold++;
    else if (strictest.size > 0) verdicts.note++;
    else verdicts.clean++;
    for (const [rule, effect] of strictest) {
      const count = rules.get(rule) ?? { rule, refuse: 0, hold: 0, note: 0, human: 0, bot: 0, agent: 0, unknown: 0 };
      if (effect !== "pass") count[effect]++;
      count[change.actor]++;
      rules.set(rule, count);
    }
  }
  return { changes: changes.length, actors, verdicts, rules: [...rules.values()].sort((a, b) => b.refuse - a.refuse || b.hold - a.hold || b.note - a.note) };
}
