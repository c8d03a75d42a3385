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
  /** Null: nothing was said of it, so it is tried. */
  readonly capabilities: readonly string[] | null;
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
}

export interface Surroundings {
  readonly sealed: boolean;
  readonly tenant: string | null;
}

export interface Allowed {
  readonly candidate: Candidate;
  readonly usd_micro: number;
  readonly because: string;
}

export interface Out {
  readonly id: string;
  readonly path: DraftPath;
  /** What whoever asked for it by name is told. */
  readonly code: "models.denied" | "models.context";
  readonly because: string;
}

export interface Choice {
  /** Best first. */
  readonly arms: readonly Allowed[];
  readonly out: readonly Out[];
}

export const RULES: Candidate = { path: "rules", id: "rules", capabilities: null, context_tokens: null };

/** Arms of a configuration, rules last: they are always there. `context`: of a local model whose entry says nothing. */
export function candidatesOf(setting: ModelsSetting | null, context: number): Candidate[] {
  const local = (setting?.text ?? []).map((entry): Candidate => ({ path: "local", id: entry.name, capabilities: entry.capabilities ?? null, context_tokens: entry.context_tokens ?? context, ...tenantsOf(entry) }));
  const remote = (setting?.remote ?? []).map((entry): Candidate => ({ path: "remote", id: entry.id, capabilities: entry.capabilities ?? null, context_tokens: entry.context_tokens, usd_micro_per_1k: entry.usd_micro_per_1k, ...tenantsOf(entry) }));
  return [...local, ...remote, RULES];
}

const tenantsOf = ({ tenants }: { readonly tenants?: readonly string[] }): Pick<Candidate, "tenants"> => (tenants === undefined ? {} : { tenants });

/** Rounded up: no call is free because it is short. */
export function usdMicroOf({ usd_micro_per_1k }: Pick<Candidate, "usd_micro_per_1k">, tokens: { readonly prompt: number; readonly completion: number }): number {
  return usd_micro_per_1k === undefined ? 0 : Math.ceil((tokens.prompt * usd_micro_per_1k.prompt + tokens.completion * usd_micro_per_1k.completion) / 1_000);
}

/** Why it is out, or null. The seal is asked first, and nothing after it brings an arm back. */
function outBecause(arm: Candidate, wanted: Wanted, { sealed, tenant }: Surroundings): string | null {
  if (sealed && arm.path === "remote") return "this node is sealed: nothing is asked elsewhere";
  if (arm.tenants !== undefined && tenant !== null && !arm.tenants.includes(tenant)) return "it is not this tenant's";
  if (wanted.path !== undefined && arm.path !== wanted.path) return `${wanted.path} was asked for`;
  if (wanted.model !== undefined && arm.id !== wanted.model) return `the model ${wanted.model} was asked for`;
  const missing = wanted.require.find((capability) => arm.capabilities?.includes(capability) === false);
  if (missing !== undefined) return `its entry names what it can do, and ${missing} is not there`;
  return null;
}

function tooLong(arm: Candidate, { prompt_tokens, max_tokens }: Wanted): string | null {
  const tokens = prompt_tokens + max_tokens;
  return arm.context_tokens === null || tokens <= arm.context_tokens ? null : `prompt and answer may have ${tokens} tokens, its context has ${arm.context_tokens}`;
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
    const denied = outBecause(candidate, wanted, around);
    const because = denied ?? tooLong(candidate, wanted);
    if (because === null) arms.push({ candidate, usd_micro, because: WHY[candidate.path] });
    else out.push({ id: candidate.id, path: candidate.path, code: denied === null ? "models.context" : "models.denied", because });
  }
  // Stable: of two that cost the same the one that stands first in the configuration.
  return { arms: arms.sort((a, b) => RANK[a.candidate.path] - RANK[b.candidate.path] || a.usd_micro - b.usd_micro), out };
}
