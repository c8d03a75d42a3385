/** Whether one setting loosens another. Pure. */
import type { RuleSetting, Thresholds } from "../../proto/config.ts";
import type { Effect, RuleMode } from "../../proto/decision.ts";

/** From loose to strict. */
const EFFECTS: readonly Effect[] = ["pass", "note", "hold", "refuse"];
const MODES: readonly RuleMode[] = ["observe", "enforce"];
const CLASSES = ["human", "agent", "bot", "unknown"] as const;

function looser<T extends string>(order: readonly T[], above: T | undefined, below: T | undefined): boolean {
  return above !== undefined && below !== undefined && order.indexOf(below) < order.indexOf(above);
}

/** What of `below` is looser than `above`, whose owner is named as in "the host's". */
export function looserRules(above: Readonly<Record<string, RuleSetting>>, below: Readonly<Record<string, RuleSetting>>, whose = "the host's"): string[] {
  return Object.entries(below).flatMap(([rule, setting]) => {
    const decided = Object.hasOwn(above, rule) ? above[rule]! : {};
    const parts = CLASSES.filter((name) => looser(EFFECTS, decided[name], setting[name])).map((name) => `rules.${rule}.${name}: ${setting[name]} is looser than ${whose} ${decided[name]}`);
    return looser(MODES, decided.mode, setting.mode) ? [...parts, `rules.${rule}.mode: observe is looser than ${whose} enforce`] : parts;
  });
}

export function looserThresholds(above: Thresholds, below: Partial<Thresholds>, whose = "the host's"): string[] {
  return Object.entries(below).flatMap(([name, value]) => {
    const decided = above[name as keyof Thresholds];
    return value > decided ? [`thresholds.${name}: ${value} is above ${whose} ${decided}`] : [];
  });
}
