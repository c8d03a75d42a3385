/**
 * Host and trusted base become one configuration. The base may only tighten:
 * whoever merges a looser `maestro.yaml` must not have changed what the next
 * change is held to.
 */
import type { Mode } from "../../proto/change.ts";
import type { FolderFile, GateConfig, RepositoryConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { GAIN_SCALE } from "../../proto/learned.ts";
import { foldersOf, looserFolders, waiversOf } from "./folders.ts";
import type { Host } from "./host.ts";
import { budgetOf, looserBudget } from "./change-budget.ts";
import { looserTools, mergeTools, requiredByTools } from "./merge-tools.ts";
import { looserRules, looserThresholds } from "./tighten.ts";

/** Loosened settings named in one message; the rest is counted. */
const LISTED_MAX = 10;

/** The trusted base's word, and where its policy bundle was written for this gate. */
export interface BaseConfig {
  readonly config: RepositoryConfig;
  /** Files of folders below the root; absent: none. */
  readonly folders?: readonly FolderFile[];
  readonly policy_path: string | null;
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}

/** Whoever declares models or invariants wants their answer: a change that keeps them from being asked is admitted by nobody's silence. */
function requiredByDeclared(base: RepositoryConfig | undefined): string[] {
  return [...((base?.specs ?? []).length > 0 ? ["modelcheck"] : []), ...(base?.invariants === undefined ? [] : ["invariants"]), ...((base?.learned ?? []).length > 0 ? ["learning"] : [])];
}

/** The base names its policies; what their gain is held against is the host's word. */
function learnedBy({ routers }: Host, base: RepositoryConfig | undefined): Pick<GateConfig, "learned"> {
  const entries = base?.learned ?? [];
  const least = (id: string): string | null => {
    const router = routers.find((one) => one.id === id);
    return router === undefined ? null : (-(router.promotion?.margin ?? 0)).toFixed(GAIN_SCALE).replace(/^-(?=0\.0+$)/, "");
  };
  return entries.length === 0 ? {} : { learned: entries.map((entry) => ({ ...entry, min: least(entry.router) })) };
}

/** A base may let less come along than the host does, never more; a stranger's change brings nothing. */
function carriedBy(host: Host, base: BaseConfig | null, mode: Mode): Pick<GateConfig, "carried"> {
  const carried = mode === "fork" ? [] : host.carried.filter((check) => base?.config.carried?.includes(check) === true);
  return carried.length === 0 ? {} : { carried };
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
  const loosened = [...looserRules(host.rules, rules), ...looserThresholds(host.thresholds, thresholds), ...looserTools(host, base?.config ?? {}), ...looserBudget(host.change_budget, base?.config.change_budget), ...looserFolders(host, base)];
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
    required: union(host.required, entry?.required ?? [], base?.config.required ?? [], requiredByTools(tools), requiredByDeclared(base?.config)),
    thresholds: { ...host.thresholds, ...thresholds },
    ...tools,
    ...(approvals.length === 0 ? {} : { approvals }),
    ...budgetOf(host.change_budget, base?.config.change_budget),
    ...carriedBy(host, base, mode),
    ...learnedBy(host, base?.config),
    ...(base?.config.quarantine === undefined ? {} : { quarantine: base.config.quarantine }),
    ...waiversOf(base),
    waivers_inline_denied: [...host.waivers_inline_denied],
    ...foldersOf(host, base),
    policy_path: base?.policy_path ?? null,
    source: base === null ? "host" : "host+base",
  };
}
