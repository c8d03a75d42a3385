/** What the provenance of a run says, from what the trusted side decided and saw. Pure. */
import type { Build } from "../../proto/build.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import type { SandboxLimits } from "../../proto/config.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { LOG_NAME, REPEAT_NAME, SOURCE_NAME, type InternalParameters, type Provenance, type Repeat, type Resource } from "../../proto/predicates/provenance.ts";
import { VERSION } from "../../proto/version.ts";
import type { BuildPlanReply } from "../../proto/worker.ts";
import type { ToolDigestsReply } from "../../proto/worker-beside.ts";
import { SYSTEM_MOUNT } from "../config/tool-mounts.ts";
import type { SandboxTier } from "../platform/sandbox/job.ts";

export interface Ordered {
  readonly name: string;
  readonly repo_id: string;
  readonly mode: Mode;
  readonly target_ref: string;
  readonly target: string;
  readonly commit: string;
}

export interface Decided {
  readonly build: Build;
  readonly source: "host" | "base";
  readonly plan: BuildPlanReply;
  readonly tools: ToolDigestsReply;
  readonly tier: SandboxTier;
  readonly limits: SandboxLimits;
}

/** What is printed and whether a second run came to the same. */
export interface Beside {
  readonly log_sha256: string;
  readonly differing: readonly string[] | null;
}

const NOT_DIGESTED = "the machine's own folders: programs and libraries of its packages, not hashed";

function toolsOf({ build, tools }: Decided): Resource[] {
  const [program = ""] = build.run;
  const named = "sha256" in tools.program ? { name: `program ${tools.program.path}`, uri: `file://${tools.program.path}`, digest: { sha256: tools.program.sha256 } } : { name: `program ${program}`, uri: "urn:maestro:tools:program", annotations: { not_digested: tools.program.because } };
  const chains = tools.mounts.map(({ name, inside, told }): Resource => ({ name: `tools ${inside}`, uri: `urn:maestro:tools:${name}`, ...("sha256" in told ? { digest: { sha256: told.sha256 }, annotations: { digest_of: "paths, modes and contents; docs/build.md" } } : { annotations: { not_digested: told.because } }) }));
  return [named, ...chains, { name: `tools ${SYSTEM_MOUNT}`, uri: `urn:maestro:tools:${SYSTEM_MOUNT}`, annotations: { not_digested: NOT_DIGESTED } }];
}

/** `ref` is said only where the commit is that branch's tip: a commit of somebody's change was never on it. */
export function definitionOf({ name, repo_id, mode, target_ref, target, commit }: Ordered, decided: Decided): Omit<Provenance["buildDefinition"], "buildType"> {
  const { build, source, plan, tier, limits: { wall_ms, cpu_s, memory_bytes_max } } = decided;
  const internalParameters: InternalParameters = { mode, recipe: build, configuration: { source, ref: target_ref, commit: target }, sandbox: tier, network: "none", source_date_epoch: plan.committed_s, limits: { wall_ms, cpu_s, memory_bytes_max } };
  const configuration: Resource[] = source === "base" ? [{ name: "configuration", uri: `urn:maestro:repository:${repo_id}`, digest: { gitCommit: target } }] : [];
  return {
    externalParameters: { build: name, repository: repo_id, commit, recipe_ref: target_ref, ...(commit === target ? { ref: target_ref } : {}) },
    internalParameters,
    resolvedDependencies: [{ name: SOURCE_NAME, uri: `urn:maestro:repository:${repo_id}`, digest: { gitCommit: commit, gitTree: plan.tree, sha256: plan.tree_sha256 } }, ...configuration, ...toolsOf(decided)],
  };
}

export const builtBy: Provenance["runDetails"]["builder"]["version"] = { maestro: VERSION };

export function byproductsOf({ log_sha256, differing }: Beside): Resource[] {
  const log: Resource = { name: LOG_NAME, mediaType: "text/plain", digest: { sha256: log_sha256 } };
  if (differing === null) return [log];
  const repeat: Repeat = { runs: 2, differing: [...differing] };
  return [log, { name: REPEAT_NAME, mediaType: "application/json", content: toBase64(canonicalBytes(repeat)) }];
}
