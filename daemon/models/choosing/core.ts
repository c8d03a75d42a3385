/**
 * Which arm answers: a model of this node, another server's, or rules. Pure: the same question in the same surroundings has the same
 * answer, and each arm that is out says why. A sealed node has no remote arm, whatever else is asked for.
 */
import type { DraftPath } from "../../../proto/drafting.ts";
import type { ModelsSetting } from "../../../proto/models-config.ts";

export interface Candidate {
  readonly path: DraftPath;
  /** Name of the model; `rules` for those. */
  readonly id: string;
  /** Absent: nothing was said of it, so only who requires nothing is sent there. */
  readonly capabilities: readonly string[];
  /** Most tokens of prompt and answer; null: rules read no context. */
  readonly context_tokens: number | null;
  /** Millionths of a dollar for 1,000 tokens; absent: it costs none. */
  readonly usd_micro_per_1k?: { readonly prompt: number; readonly completion: number };
  /** Tenants that may ask; absent: all. */
  readonly tenants?: readonly string[];
}

export interface Wanted {
  readonly require: readonly string[];
  /** Only this path, or only this model. */
  readonly path?: DraftPath | undefined;
  readonly model?: string | undefined;
  /** At most. */
  readonly prompt_tokens: number;
  readonly max_tokens: number;
  /** The most it may cost, millionths of a dollar. */
  readonly usd_micro_max?: number | undefined;
}

export interface Surroundings {
  readonly sealed: boolean;
  readonly tenant: string | null;
  /** What policy takes away or leaves, by id or by path; `deny` wins. Absent `allow`: all. */
  readonly policy: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  /** Left of whoever pays; null: without bound. */
  readonly budget_usd_micro: number | null;
  /** Arms whose breaker is open, or that just failed. */
  readonly broken: ReadonlySet<string>;
}

export interface Allowed {
  readonly candidate: Candidate;
  readonly usd_micro: number;
  readonly because: string;
}

export interface Out {
  readonly id: string;
  readonly path: DraftPath;
  readonly because: string;
}

export interface Choice {
  /** Best first. */
  readonly arms: readonly Allowed[];
  readonly out: readonly Out[];
}

export const RULES: Candidate = { path: "rules", id: "rules", capabilities: [], context_tokens: null };

/** Arms of a configuration, rules last: they are always there. `context`: of a local model whose entry says nothing. */
export function candidatesOf(setting: ModelsSetting | null, context: number): Candidate[] {
  const local = (setting?.text ?? []).map((entry): Candidate => ({ path: "local", id: entry.name, capabilities: entry.capabilities ?? [], context_tokens: entry.context_tokens ?? context, ...tenantsOf(entry) }));
  const remote = (setting?.remote ?? []).map((entry): Candidate => ({ path: "remote", id: entry.id, capabilities: entry.capabilities ?? [], context_tokens: entry.context_tokens, usd_micro_per_1k: entry.usd_micro_per_1k, ...tenantsOf(entry) }));
  return [...local, ...remote, RULES];
}

const tenantsOf = ({ tenants }: { readonly tenants?: readonly string[] }): Pick<Candidate, "tenants"> => (tenants === undefined ? {} : { tenants });

/** Rounded up: no call is free because it is short. */
export function usdMicroOf({ usd_micro_per_1k }: Pick<Candidate, "usd_micro_per_1k">, tokens: { readonly prompt: number; readonly completion: number }): number {
  return usd_micro_per_1k === undefined ? 0 : Math.ceil((tokens.prompt * usd_micro_per_1k.prompt + tokens.completion * usd_micro_per_1k.completion) / 1_000);
}

/** Why it is out, or null. The seal is asked first, and nothing after it brings an arm back. */
function outBecause(arm: Candidate, wanted: Wanted, { sealed, tenant, policy, budget_usd_micro, broken }: Surroundings, usd_micro: number): string | null {
  if (sealed && arm.path === "remote") return "this node is sealed: nothing is asked elsewhere";
  const named = (list: readonly string[]): boolean => list.includes(arm.id) || list.includes(arm.path);
  if (named(policy.deny ?? [])) return "policy denies it";
  if (policy.allow !== undefined && !named(policy.allow)) return "policy does not allow it";
  if (arm.tenants !== undefined && tenant !== null && !arm.tenants.includes(tenant)) return "it is not this tenant's";
  if (wanted.path !== undefined && arm.path !== wanted.path) return `${wanted.path} was asked for`;
  if (wanted.model !== undefined && arm.id !== wanted.model) return `the model ${wanted.model} was asked for`;
  const missing = arm.path === "rules" ? undefined : wanted.require.find((capability) => !arm.capabilities.includes(capability));
  if (missing !== undefined) return `nobody said that it can do ${missing}`;
  if (broken.has(arm.id)) return "it failed of late and is left alone for a while";
  const tokens = wanted.prompt_tokens + wanted.max_tokens;
  if (arm.context_tokens !== null && tokens > arm.context_tokens) return `prompt and answer may have ${tokens} tokens, its context has ${arm.context_tokens}`;
  if (wanted.usd_micro_max !== undefined && usd_micro > wanted.usd_micro_max) return `it may cost ${usd_micro} millionths of a dollar, the most allowed is ${wanted.usd_micro_max}`;
  if (budget_usd_micro !== null && usd_micro > budget_usd_micro) return `it may cost ${usd_micro} millionths of a dollar, ${budget_usd_micro} are left`;
  return null;
}

const WHY: Readonly<Record<DraftPath, string>> = { local: "a model of this node can do it, and nothing leaves it", remote: "another server's model can do it", rules: "rules need no model" };
/** A model of this node costs nothing and tells nobody; rules stand behind every model. */
const RANK: Readonly<Record<DraftPath, number>> = { local: 0, remote: 1, rules: 2 };

/** Allowed arms in order: those of this node as configured, then the cheapest elsewhere, then rules. */
export function choose(candidates: readonly Candidate[], wanted: Wanted, around: Surroundings): Choice {
  const arms: Allowed[] = [];
  const out: Out[] = [];
  for (const candidate of candidates) {
    const usd_micro = usdMicroOf(candidate, { prompt: wanted.prompt_tokens, completion: wanted.max_tokens });
    const because = outBecause(candidate, wanted, around, usd_micro);
    if (because === null) arms.push({ candidate, usd_micro, because: WHY[candidate.path] });
    else out.push({ id: candidate.id, path: candidate.path, because });
  }
  // Stable: of two that cost the same the one that stands first in the configuration.
  return { arms: arms.sort((a, b) => RANK[a.candidate.path] - RANK[b.candidate.path] || a.usd_micro - b.usd_micro), out };
}

/** What a router decided goes first, where it is allowed; it brings no arm back. */
export function routedFirst({ arms, out }: Choice, id: string): Choice {
  const first = arms.find(({ candidate }) => candidate.id === id);
  return first === undefined ? { arms, out } : { arms: [{ ...first, because: "the router models chose it" }, ...arms.filter((arm) => arm !== first)], out };
}
