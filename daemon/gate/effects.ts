/**
 * What one finding leads to, from everybody who has a word on it. Pure.
 *
 * The host's bundle answers first; a setting of the host replaces its word,
 * because the operator owns both. The base's bundle and the base's settings
 * only join: the strictest word counts, so a repository can tighten and never
 * loosen. Settings apply here and not in Rego, so that no bundle forgets them.
 */
import type { ActorClass } from "../../proto/actor.ts";
import type { GateConfig, RuleSetting } from "../../proto/config.ts";
import type { Effect, PolicyAnswer, RuleMode } from "../../proto/decision.ts";

export interface Word {
  readonly effect: Effect;
  readonly mode: RuleMode;
  readonly because: string;
}

/** The deciding word and, where an observing one is stricter, that one too. */
export interface Ruling {
  readonly enforced: Word | null;
  readonly observed: Word | null;
}

export type Settings = Pick<GateConfig, "rules" | "base_rules">;

const STRICTNESS: Readonly<Record<Effect, number>> = { pass: 0, note: 1, hold: 2, refuse: 3 };

export function stricterThan(a: Effect, b: Effect): boolean {
  return STRICTNESS[a] > STRICTNESS[b];
}

/** Strictest first; equal words by their reason, so that the order they came in does not show. */
function strictest(words: readonly Word[]): Word | null {
  const sorted = [...words].sort((a, b) => STRICTNESS[b.effect] - STRICTNESS[a.effect] || (a.because < b.because ? -1 : a.because > b.because ? 1 : 0));
  return sorted[0] ?? null;
}

/** A setting's word for a class; who is unknown is judged as an agent unless the setting names `unknown`. */
function settingFor(setting: RuleSetting | undefined, actor: ActorClass): Effect | undefined {
  if (setting === undefined) return undefined;
  return setting[actor] ?? (actor === "unknown" ? setting.agent : undefined);
}

/** `command.lint` in `command.lint.no-undef`: a setting may speak of one rule of a tool, or of the whole command. */
const COMMAND = /^(command\.[a-z0-9-]+)\./;

function own(rules: GateConfig["rules"], rule: string): RuleSetting | undefined {
  if (Object.hasOwn(rules, rule)) return rules[rule];
  const command = COMMAND.exec(rule)?.[1];
  return command !== undefined && Object.hasOwn(rules, command) ? rules[command] : undefined;
}

/** The host's words: its setting, else its policy's, else a hold, because a finding nobody judged must not vanish. */
function hostWords(said: readonly Word[], setting: RuleSetting | undefined, actor: ActorClass): readonly Word[] {
  const effect = settingFor(setting, actor);
  if (effect !== undefined) {
    const mode = setting?.mode ?? strictest(said)?.mode ?? "enforce";
    return [{ effect, mode, because: `the host's configuration says ${effect}` }];
  }
  if (said.length === 0) return [{ effect: "hold", mode: "enforce", because: "the policy says nothing of this rule" }];
  return said.map((word) => ({ ...word, mode: setting?.mode ?? word.mode }));
}

function baseWords(host: readonly Word[], setting: RuleSetting | undefined, actor: ActorClass): readonly Word[] {
  const words: Word[] = [];
  const effect = settingFor(setting, actor);
  if (effect !== undefined) words.push({ effect, mode: setting?.mode ?? "enforce", because: `maestro.yaml at the base says ${effect}` });
  // `mode: enforce` in the base turns a rule on that the host only observes.
  if (setting?.mode === "enforce") words.push(...host.map((word) => ({ ...word, mode: "enforce" as const })));
  return words;
}

/** `host` is what the host's bundle said of this rule, `base` what the base's did. */
export function rule(name: string, actor: ActorClass, host: readonly Word[], base: readonly Word[], settings: Settings): Ruling {
  const first = hostWords(host, own(settings.rules, name), actor);
  const all = [...first, ...base, ...baseWords(first, own(settings.base_rules, name), actor)];
  const enforced = strictest(all.filter(({ mode }) => mode === "enforce"));
  const observed = strictest(all.filter(({ mode }) => mode === "observe"));
  const adds = observed !== null && stricterThan(observed.effect, enforced?.effect ?? "pass");
  return { enforced, observed: adds ? observed : null };
}

/** Words on each finding by its index; throws nothing: an index nobody handed out is reported in `strays`. */
export function wordsByFinding(answer: PolicyAnswer, findings: number): { readonly words: ReadonlyMap<number, readonly Word[]>; readonly strays: number } {
  const words = new Map<number, Word[]>();
  let strays = 0;
  for (const { finding, effect, mode, because } of answer.effects) {
    if (finding >= findings) strays++;
    else words.set(finding, [...(words.get(finding) ?? []), { effect, mode, because }]);
  }
  return { words, strays };
}
