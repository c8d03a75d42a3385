/**
 * Host and trusted base become one configuration. The base may only tighten:
 * whoever merges a looser `maestro.yaml` must not have changed what the next
 * change is held to.
 */
import type { Mode } from "../../proto/change.ts";
import type { GateConfig, RepositoryConfig, RuleSetting, Thresholds } from "../../proto/config.ts";
import type { Effect, RuleMode } from "../../proto/decision.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "./host.ts";
import { looserTools, mergeTools, requiredByTools } from "./merge-tools.ts";

/** From loose to strict. */
const EFFECTS: readonly Effect[] = ["pass", "note", "hold", "refuse"];
const MODES: readonly RuleMode[] = ["observe", "enforce"];
const CLASSES = ["human", "agent", "bot", "unknown"] as const;

/** Loosened settings named in one message; the rest is counted. */
const LISTED_MAX = 10;

/** The trusted base's word, and where its policy bundle was written for this gate. */
export interface BaseConfig {
  readonly config: RepositoryConfig;
  readonly policy_path: string | null;
}

function looser<T extends string>(order: readonly T[], host: T | undefined, base: T | undefined): boolean {
  return host !== undefined && base !== undefined && order.indexOf(base) < order.indexOf(host);
}

function looserRules(host: Readonly<Record<string, RuleSetting>>, base: Readonly<Record<string, RuleSetting>>): string[] {
  return Object.entries(base).flatMap(([rule, setting]) => {
    const decided = host[rule] ?? {};
    const parts = CLASSES.filter((name) => looser(EFFECTS, decided[name], setting[name])).map(
      (name) => `rules.${rule}.${name}: ${setting[name]} is looser than the host's ${decided[name]}`,
    );
    return looser(MODES, decided.mode, setting.mode) ? [...parts, `rules.${rule}.mode: observe is looser than the host's enforce`] : parts;
  });
}

function looserThresholds(host: Thresholds, base: Partial<Thresholds>): string[] {
  return Object.entries(base).flatMap(([name, value]) => {
    const decided = host[name as keyof Thresholds];
    return value > decided ? [`thresholds.${name}: ${value} is above the host's ${decided}`] : [];
  });
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}

/** The job of a stranger's change is the stranger's: what it says of itself satisfies nothing, whatever a host's or base's rule accepts from others. */
function withoutJobsWord(obligations: GateConfig["obligations"]): GateConfig["obligations"] {
  return Object.fromEntries(Object.entries(obligations).map(([name, { accept_from_job: _, ...rule }]) => [name, rule]));
}

/**
 * What one gate of `repo_id` runs under; `base` is null where the trusted base
 * has no `maestro.yaml`. Throws `config.loosens` naming what the base would
 * loosen.
 */
export function mergeGateConfig(host: Host, base: BaseConfig | null, repo_id: string, mode: Mode = "local"): GateConfig {
  const entry = host.repositories.find((repository) => repository.id === repo_id);
  const rules = base?.config.rules ?? {};
  const thresholds = base?.config.thresholds ?? {};
  const loosened = [...looserRules(host.rules, rules), ...looserThresholds(host.thresholds, thresholds), ...looserTools(host, base?.config ?? {})];
  if (loosened.length > 0) {
    const more = loosened.length > LISTED_MAX ? `; and ${loosened.length - LISTED_MAX} more` : "";
    throw new MaestroError("config.loosens", loosened.slice(0, LISTED_MAX).join("; ") + more);
  }
  const merged = mergeTools(host, base?.config ?? {});
  // A base adds to whose approval is needed; what it could say less of is not in its hands.
  const approvals = [...host.approvals, ...(base?.config.approvals ?? [])];
  const tools = mode === "fork" ? { ...merged, obligations: withoutJobsWord(merged.obligations) } : merged;
  return {
    mode,
    rules: host.rules,
    base_rules: rules,
    required: union(host.required, entry?.required ?? [], base?.config.required ?? [], requiredByTools(tools)),
    thresholds: { ...host.thresholds, ...thresholds },
    ...tools,
    ...(approvals.length === 0 ? {} : { approvals }),
    policy_path: base?.policy_path ?? null,
    source: base === null ? "host" : "host+base",
  };
}
