/** From two named commits to a decision: facts, configuration, checks, policy, decide. What a gate and a replay share. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Mode } from "../../proto/change.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { Decision, PolicyResult, Reason } from "../../proto/decision.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { RunAsk } from "../../proto/formal.ts";
import type { MeasuredObligation, Outcome } from "../../proto/outcome.ts";
import type { HandedReport } from "../../proto/report.ts";
import type { FactsReply, PolicyDigest } from "../../proto/worker.ts";
import type { Host } from "../config/host.ts";
import { mergeGateConfig } from "../config/merge.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { Clock } from "../platform/clock.ts";
import { removeTree } from "../platform/folders.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import { policyInput } from "../policy/input.ts";
import { unavailable, type CheckRun } from "../checking/answer.ts";
import { settleFindings, type SettledOutcomes } from "./settled.ts";
import type { Evaluate } from "./asked-evaluations.ts";
import { RunDesk } from "./asked-runs.ts";
import { type Evaluated, evaluatedIn, learnedObligations } from "./learned-obligations.ts";
import { runChecks } from "./check-run.ts";
import { allowanceOf, type Allowance, type SpentOn } from "./cost/allowance.ts";
import { cpuLeftFor } from "./cost/cost.ts";
import { CHECKS } from "./checks/index.ts";
import type { TestHistory } from "../commands/history.ts";
import type { CommandReuse } from "../commands/reuse.ts";
import { ToolRunner, withoutTools } from "../commands/run.ts";
import type { Carried } from "./carried.ts";
import { decide } from "./decide.ts";
import { reasonOf } from "../checking/failure.ts";
import { KeptOutcomes } from "./reusing/kept-outcomes.ts";
import { together, type Reuse, type ReuseNumbers } from "./reusing/reuse.ts";
import { releasesFor, withMember, type OnRecord } from "./releasing/released.ts";
import { sbomOfChange, type KeptSbom } from "./sbom-of.ts";
import type { Standing as Releases } from "../release/index.ts";
import { Lane } from "../checking/lane.ts";

export interface JudgeDeps {
  readonly host: Host;
  readonly git: GitTools;
  readonly pool: WorkerPool;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  /** Time of the log in seconds, by which waivers end; absent: the clock's alone. */
  readonly now_s?: () => number;
  /** Folder for documents that live as long as one gate. */
  readonly scratch_dir: string;
  /** What is known of tests that failed here; absent where nothing is kept. */
  readonly history?: TestHistory;
  /** Folder of merged trees, which commands are shown. */
  readonly trees_dir: string;
  /** Holds a candidate against the log of decisions; absent where there is none. */
  readonly evaluate?: Evaluate;
  readonly host_policy: { readonly path: string; readonly name: string };
}

export interface Subject {
  readonly repository: Repository;
  readonly mode: Mode;
  /** Whose logged decisions judge a learned policy, null for everybody's; absent where none does. */
  readonly sees?: string | null;
  readonly target_ref: string;
  readonly target: string;
  readonly head: string;
  /** A replay signs nothing and needs no digest of the whole tree. */
  readonly want_tree_sha256: boolean;
  /** Every check is asked, whatever an earlier try at the same facts came to. */
  readonly fresh: boolean;
  /** What this change cost before this run; absent where no budget is kept. */
  readonly spent?: () => SpentOn;
  /** Answers of earlier gates to the same; absent where nothing is recorded. */
  readonly reuse?: (facts: FactsReply, numbers: ReuseNumbers) => Reuse;
  /** Releases of this head on record; absent in a replay. */
  readonly released?: OnRecord;
  /** Answers that came along with the change; absent where none did. */
  readonly carried?: (asked: Asked) => Carried;
  /** Of a simulation alone: what the configuration is supposed to say. */
  readonly suppose?: (config: GateConfig) => GateConfig;
  /** Absent in a replay, which runs no outside tool and says so. */
  readonly tools?: { readonly handed: readonly HandedReport[]; readonly reuse?: CommandReuse | undefined };
}

export interface Judgement {
  readonly facts: FactsReply;
  readonly config: GateConfig;
  /** What the base's own policy bundle holds, if it has one. */
  readonly base_policy: PolicyDigest | null;
  readonly outcomes: readonly Outcome[];
  readonly obligations: readonly MeasuredObligation[];
  /** What the daemon's log said of learned policies in the change. */
  readonly evaluated: readonly Evaluated[];
  /** Checks of outside tools that the configuration declares and a replay leaves out. */
  readonly left_out: readonly string[];
  readonly policy: PolicyResult;
  readonly decision: Decision;
  /** Which releases of this head counted. */
  readonly releases: Releases;
  /** What became of answers that came along; absent where none did. */
  readonly carried?: Carried;
  /** Approvals that its paths still want. */
  readonly approvals: readonly Reason[];
  readonly us: { readonly facts: number; readonly checks: number; readonly policy: number };
  /** Something was not run, or may have been cut short, because the change's budget was spent, which is its payer's affair. */
  readonly stopped_by_budget: boolean;
  readonly runs: readonly CheckRun[];
  /** Of the merged tree's lock files, where the change touches one; absent where nothing is signed. */
  readonly sbom: KeptSbom | { readonly because: string } | null;
}

/** What a verdict is about; known once the facts are, before anything was asked of a check or a tool. */
export type Asked = Pick<Judgement, "facts" | "config" | "base_policy" | "releases" | "approvals">;

/** An earlier answer to just this question; null where it has to be judged. */
type Standing<T> = (asked: Asked) => Promise<T | null>;

export interface Watcher {
  stage(stage: "facts" | "policy", duration_us: number): void;
  check(run: CheckRun): void;
}

const CHECK_IDS: readonly string[] = CHECKS.map(({ id }) => id);

/** A second process pays only where there is much to read. */
const PARALLEL_LINES_MIN = 2_000;

interface Configured {
  readonly config: GateConfig;
  readonly base_config: FactsReply["config"];
}

/** A base that loosens is as broken as one that cannot be read: the host's own configuration stands and the gate holds. */
function configure(host: Host, base: FactsReply["config"], repo_id: string, mode: Mode): Configured {
  if (base.state !== "read") return { config: mergeGateConfig(host, null, repo_id, mode), base_config: base };
  try {
    return { config: mergeGateConfig(host, { config: base.config, folders: base.folders ?? [], policy_path: base.config.policy ?? null }, repo_id, mode), base_config: base };
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "config.loosens") throw error;
    return { config: mergeGateConfig(host, null, repo_id, mode), base_config: { state: "broken", because: `maestro.yaml: ${error.row.sentence} (${error.detail})`.slice(0, 2000) } };
  }
}

/** What was carried is not run; everything else is as it is signed. */
function withoutCarried(config: GateConfig, { outcomes }: Carried): GateConfig {
  return { ...config, commands: Object.fromEntries(Object.entries(config.commands).filter(([name]) => !outcomes.has(name))) };
}

export class Judge {
  private readonly kept: KeptOutcomes;
  private readonly tools: ToolRunner;
  private readonly asked: RunDesk;

  constructor(private readonly deps: JudgeDeps) {
    this.tools = new ToolRunner(deps, (used_us, left_ms) => cpuLeftFor(deps.host.limits, used_us, left_ms));
    this.asked = new RunDesk(deps);
    this.kept = new KeptOutcomes(() => deps.clock.monotonic_ms());
  }

  /** A lane of its own for a replay, which keeps it from one change to the next. */
  lane(signal: AbortSignal, tenant: string): Lane {
    return new Lane(this.deps.pool, signal, tenant);
  }

  /** Throws when facts cannot be collected, or `request.cancelled`; everything later that fails is part of the judgement. No check and no tool is asked where an answer stands: what a second run of them came to would have to be thrown away. */
  async judge<T = never>(subject: Subject, lane: Lane, watch: Watcher, signal: AbortSignal, standing: Standing<T> = () => Promise.resolve(null)): Promise<Judgement | T> {
    await mkdir(this.deps.scratch_dir, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(this.deps.scratch_dir, "gate-"));
    try {
      return await this.judgeIn(folder, subject, lane, watch, signal, standing);
    } finally {
      await removeTree(folder);
    }
  }

  private async judgeIn<T>(folder: string, subject: Subject, lane: Lane, watch: Watcher, signal: AbortSignal, standing: Standing<T>): Promise<Judgement | T> {
    const { host, clock } = this.deps;
    const end_ms = clock.monotonic_ms() + host.limits.gate.gate_deadline_ms;
    const facts_path = join(folder, "facts.json");
    const policy_path = join(folder, "policy.tar.gz");
    const start_ms = clock.monotonic_ms();
    const change_sha256 = await this.question(subject, lane);
    const facts = await this.collect(subject, lane, facts_path, policy_path);
    const facts_us = this.since(start_ms);
    watch.stage("facts", facts_us);
    const configured = configure(host, facts.config, subject.repository.repo_id, subject.mode);
    const { base_config } = configured;
    const wanted = subject.suppose?.(configured.config) ?? configured.config;
    const { config, left_out } = subject.tools === undefined ? withoutTools(wanted) : { config: wanted, left_out: [] };
    const people = releasesFor(host, await withMember(subject.released, facts), facts);
    const base_policy = base_config.state === "read" ? base_config.policy : null;
    const answer = await standing({ facts, config, base_policy, ...people });
    if (answer !== null) return answer;
    const carried = subject.carried?.({ facts, config, base_policy, ...people });
    const checks_ms = clock.monotonic_ms();
    const allowance = this.allowance(config, subject, start_ms, lane);
    const runs = await this.check(facts, config, { ...subject, change_sha256 }, facts_path, end_ms, lane, watch, signal, allowance);
    const asked = await this.tools.run({ repository: subject.repository, mode: subject.mode, config: carried === undefined ? config : withoutCarried(config, carried), facts, facts_path, folder, handed: subject.tools?.handed ?? [], reuse: subject.tools?.reuse, tip: subject.head === subject.target, end_ms, lane, done: watch.check, signal, allowance });
    const evaluated = evaluatedIn(runs, config);
    const obligations = [...asked.obligations, ...learnedObligations(evaluated)];
    runs.push(...asked.runs);
    for (const outcome of carried?.outcomes.values() ?? []) runs.push({ outcome, duration_us: 0 });
    const checks_us = this.since(checks_ms);
    const { outcomes, stale } = await this.settle(subject, facts, config, runs.map(({ outcome }) => outcome), asked.base_outcomes, facts_path, end_ms, lane);
    const policy_ms = clock.monotonic_ms();
    const policy = await this.askPolicy(subject, facts, config, outcomes, base_policy === null ? [] : [policy_path], lane, end_ms);
    const policy_us = this.since(policy_ms);
    watch.stage("policy", policy_us);
    const sbom = subject.want_tree_sha256 ? await sbomOfChange({ git: this.deps.git, limits: host.limits }, subject.repository, facts, folder, lane, end_ms - clock.monotonic_ms()) : null;
    const known = facts.change.history === "known" ? facts.change : null;
    const decision = decide({ ...people, head: host.people.length === 0 ? undefined : subject.head, outcomes, policy, config, base_config, stale, history: facts.change.history, ...(facts.change.history === "unknown" ? { history_because: facts.change.because } : {}), conflicts: known?.conflicts ?? [], empty: facts.empty && known?.kind === "merge" });
    return { facts, config, base_policy, outcomes, obligations, evaluated, left_out, policy, decision, ...people, runs, sbom, ...(carried === undefined ? {} : { carried }), us: { facts: facts_us, checks: checks_us, policy: policy_us }, stopped_by_budget: allowance.over() !== null || allowance.stopped };
  }

  /** Earlier runs of the change, and this one so far. */
  private allowance({ change_budget }: GateConfig, { spent }: Subject, start_ms: number, lane: Lane): Allowance {
    return allowanceOf(spent === undefined ? undefined : change_budget, () => {
      const before = spent?.();
      return { wall_us: (before?.wall_us ?? 0) + this.since(start_ms), cpu_us: (before?.cpu_us ?? 0) + lane.usage.cpu_us, micro_usd: before?.micro_usd ?? null };
    });
  }

  private settle({ repository }: Subject, facts: FactsReply, config: GateConfig, outcomes: readonly Outcome[], base_outcomes: readonly Outcome[], facts_path: string, end_ms: number, lane: Lane): Promise<SettledOutcomes> {
    const { host, clock, git, now_s } = this.deps;
    const deadline_ms = Math.max(1, Math.ceil(Math.min(host.limits.worker.check_deadline_ms, end_ms - clock.monotonic_ms())));
    const now_ms = Math.max(clock.now_ms(), now_s === undefined ? 0 : now_s() * 1000);
    return settleFindings({ git, repository, facts, facts_path, config, outcomes, base_outcomes, now_ms, deadline_ms }, lane);
  }

  private since(start_ms: number): number {
    return Math.max(0, Math.round((this.deps.clock.monotonic_ms() - start_ms) * 1000));
  }

  /** Put to a process that has read nothing yet, and before anything is: what it says of the change afterwards names no kept answer. */
  private async question({ repository: { git_dir, object_format }, mode, target, head, reuse }: Subject, lane: Lane): Promise<string | null> {
    if (reuse === undefined) return null;
    const { worker, gate } = this.deps.host.limits;
    const deadline_ms = Math.min(worker.facts_deadline_ms, gate.gate_deadline_ms);
    const { change_sha256 } = await lane.run({ kind: "question", git: { ...this.deps.git }, git_dir, object_format, target, head, trusted_target: mode !== "local", deadline_ms }, deadline_ms);
    return change_sha256;
  }

  private collect(subject: Subject, lane: Lane, facts_path: string, policy_path: string): Promise<FactsReply> {
    const { repository, mode, target, head, want_tree_sha256 } = subject;
    const trusted_target = mode !== "local";
    const approvals = this.deps.host.approvals.length === 0 ? {} : { approvals: [...this.deps.host.approvals] };
    const { limits, commands, obligations } = this.deps.host;
    const deadline_ms = Math.min(limits.worker.facts_deadline_ms, limits.gate.gate_deadline_ms);
    const { git_dir, object_format } = repository;
    return lane.run({ kind: "facts", git: { ...this.deps.git }, git_dir, object_format, target, head, want_tree_sha256, trusted_target, ...approvals, facts_path, policy_path, deadline_ms, limits: limits.facts, declared: { commands, obligations } }, deadline_ms);
  }

  /** On an unknown change there is nothing that a check could vouch for. */
  private async check(facts: FactsReply, config: GateConfig, { repository, mode, sees = "", target, head, fresh, reuse, tools, change_sha256 }: Subject & Pick<ReuseNumbers, "change_sha256">, facts_path: string, end_ms: number, lane: Lane, watch: Watcher, signal: AbortSignal, allowance: Allowance): Promise<CheckRun[]> {
    if (facts.change.history === "unknown") {
      return CHECK_IDS.map((check) => ({ outcome: unavailable(check, "what the change is, is unknown"), duration_us: 0 }));
    }
    const { host, pool, clock } = this.deps;
    const { facts_sha256 } = facts;
    const folders = config.folders?.map(({ path, thresholds }) => ({ path, thresholds }));
    const earlier = reuse?.(facts, { change_sha256, thresholds: config.thresholds, folders });
    const kept = fresh ? undefined : together(earlier, this.kept.of({ repo_id: repository.repo_id, target, head, facts_sha256, thresholds: config.thresholds, folders }));
    const plan = { checks: CHECK_IDS, facts_path, facts_sha256, kept, thresholds: config.thresholds, folders, check_deadline_ms: host.limits.worker.check_deadline_ms, end_ms, now_ms: () => clock.monotonic_ms(), over: () => allowance.over(), ...(tools === undefined ? {} : { runs: (asks: readonly RunAsk[], on: Lane) => this.asked.answer(asks, { lane: on, mode, sees, routers: (config.learned ?? []).map(({ router }) => router), signal, end_ms, write: (folder) => this.writeMerged(facts, repository, folder, on, end_ms) }) }) };
    const wide = facts.added_lines + facts.removed_lines >= PARALLEL_LINES_MIN && pool.counts.busy < host.limits.worker.pool_size;
    if (!wide) return runChecks([lane], plan, watch.check);
    await using second = new Lane(pool, signal, lane.tenant);
    await second.open();
    try {
      return await runChecks([lane, second], plan, watch.check);
    } finally {
      lane.absorb(second);
    }
  }

  private async writeMerged({ change }: FactsReply, { git_dir, object_format }: Repository, folder: string, lane: Lane, end_ms: number): Promise<void> {
    const { host, clock, git } = this.deps;
    const tree = change.history === "known" ? change.merge_tree : null;
    if (tree === null) throw new MaestroError("sandbox.failed", "the change does not merge, so there is no tree to run on");
    const limits = host.limits.command;
    const { gaps: [gap] } = await lane.run({ kind: "materialise", git: { ...git }, git_dir, object_format, tree, folder, limits }, Math.max(1, Math.ceil(Math.min(limits.tree_deadline_ms, end_ms - clock.monotonic_ms()))));
    if (gap !== undefined) throw new MaestroError("sandbox.failed", `the tree could not be written out whole: ${gap.what}: ${gap.because}`);
  }

  private async askPolicy(subject: Subject, facts: FactsReply, config: GateConfig, outcomes: readonly Outcome[], base: readonly string[], lane: Lane, end_ms: number): Promise<PolicyResult> {
    const { host, clock, host_policy } = this.deps;
    const { mode, repository, target_ref } = subject;
    const { change, title, actor, files, added_lines, removed_lines, empty } = facts;
    const conflicts = change.history === "known" ? change.conflicts.length : 0;
    const input = policyInput({ mode, repository: repository.repo_id, target_ref, title, actor, files, added_lines, removed_lines, history: change.history, conflicts, empty, required: config.required, outcomes });
    const left_ms = Math.max(1, Math.ceil(end_ms - clock.monotonic_ms()));
    try {
      const { result } = await lane.run({ kind: "policy", bundles: [host_policy.path, ...base], input }, Math.min(host.limits.worker.policy_deadline_ms, left_ms));
      return result;
    } catch (error) {
      return { result: "unavailable", because: reasonOf(error) };
    }
  }
}
