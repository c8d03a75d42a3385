/** Asks a check process which findings the base had and which somebody accepted, and puts its answer to the outcomes. */
import type { GateConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import type { FactsReply, SettleReply } from "../../proto/worker.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Lane } from "../checking/lane.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";

export interface SettleQuestion {
  readonly git: GitTools;
  readonly repository: Repository;
  readonly facts: FactsReply;
  readonly facts_path: string;
  readonly config: Pick<GateConfig, "waivers" | "waivers_inline_denied" | "quarantine" | "folders">;
  readonly outcomes: readonly Outcome[];
  /** What commands found on the base's own tree. */
  readonly base_outcomes: readonly Outcome[];
  /** Time of the log, by which waivers end. */
  readonly now_ms: number;
  readonly deadline_ms: number;
}

export interface SettledOutcomes {
  readonly outcomes: readonly Outcome[];
  /** What of the baseline file accepts nothing any more. */
  readonly stale: string | null;
}

/** A tool that ran found something or nothing: of both the baseline file may say otherwise. */
const matters = ({ check, result, findings }: Outcome): boolean => findings.length > 0 || (check.startsWith("command.") && (result === "pass" || result === "fail"));

function applied(outcomes: readonly Outcome[], { settled, fixed }: SettleReply): Outcome[] {
  const byCheck = new Map(outcomes.map((outcome) => [outcome.check, { outcome, findings: [...outcome.findings] as Finding[] }]));
  for (const { check, finding: at, ...said } of settled) {
    const list = byCheck.get(check)?.findings;
    const finding = list?.[at];
    if (list === undefined || finding === undefined) throw new MaestroError("worker.protocol", "a finding was settled that nobody asked about");
    list[at] = { ...finding, ...said };
  }
  return [...byCheck.values()].map(({ outcome, findings }) => {
    const taken = fixed.find(({ check }) => check === outcome.check)?.fixed ?? [];
    const comparison = taken.length === 0 ? outcome.comparison : { not_compared: outcome.comparison?.not_compared ?? null, fixed: taken };
    return { ...outcome, findings, ...(comparison === undefined ? {} : { comparison }) };
  });
}

/** Where the answer cannot be had, nothing is accepted, and each outcome with findings says so. Throws `request.cancelled` and `daemon.draining` only. */
export async function settleFindings({ git, repository, facts, facts_path, config, outcomes, base_outcomes, now_ms, deadline_ms }: SettleQuestion, lane: Lane): Promise<SettledOutcomes> {
  const { trusted, facts_sha256 } = facts;
  if (trusted === null || !outcomes.some(matters)) return { outcomes, stale: null };
  const { git_dir, object_format } = repository;
  try {
    const reply = await lane.run({ kind: "settle", git: { ...git }, git_dir, object_format, facts_path, facts_sha256, ...trusted, outcomes: outcomes.filter(matters), base_outcomes: [...base_outcomes], waivers: config.waivers ?? [], inline_denied: config.waivers_inline_denied, ...(config.quarantine === undefined ? {} : { quarantine: config.quarantine }), folders: (config.folders ?? []).map(({ path }) => path), now_ms, deadline_ms }, deadline_ms);
    return { outcomes: applied(outcomes, reply), stale: reply.stale };
  } catch (error) {
    const because = `what was accepted could not be told: ${reasonOf(error)}`.slice(0, 2000);
    return { outcomes: outcomes.map((outcome) => (outcome.findings.length === 0 ? outcome : { ...outcome, comparison: { fixed: outcome.comparison?.fixed ?? [], not_compared: because } })), stale: null };
  }
}
