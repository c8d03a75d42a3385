/** What the core and its check processes say to each other over the pipe. */
import { Type, type Static } from "@sinclair/typebox";
import { Actor } from "./actor.ts";
import { CommandName, Commands } from "./command.ts";
import { CommandLimits, FactsLimits, FolderFile, RepositoryConfig, Thresholds } from "./config.ts";
import { Usage } from "./card.ts";
import { PolicyResult } from "./decision.ts";
import { ApprovalNeeds, ApprovalRules, Authors } from "./people.ts";
import { Gap } from "./facts.ts";
import { Obligation, Outcome } from "./outcome.ts";
import { ConfigsJob, ConfigsReply } from "./effective.ts";
import { CandidateJob, CandidateReply, EvaluationJob, EvaluationJobReply, FitJob, FitJobReply } from "./evaluation-job.ts";
import { ContextJob, ContextJobReply } from "./context-job.ts";
import { DraftJob, DraftJobReply } from "./draft-job.ts";
import { PartitionJob, PartitionReply } from "./partition.ts";
import { PlanJob, PlanJobReply } from "./plan.ts";
import { ObligationName, ObligationRule, ObligationRules, ReportFormat, ReportName } from "./report.ts";
import { FailedTest, QuarantineEntries, TestIds } from "./failed-test.ts";
import { RunAnswer, RunAsks } from "./formal.ts";
import { ModelOutcome } from "./model.ts";
import { RunIds } from "./usage.ts";
import { Comparison, RulePattern, Waiver, WaiverEntry } from "./waiver.ts";
import { Base64, CheckName, Choice, Closed, Count, GitOid, ObjectFormat, PathBytes, Sha256Hex, ShortText } from "./scalar.ts";
import { GitTools, ToolDigestsJob, ToolDigestsReply, BuildLogJob, BuildLogReply, SbomJob, SbomReply, CommitsJob, CommitsReply, HunksJob, HunksReply } from "./worker-beside.ts";

/** Which two commits, in which store. The core has only seen their names; a check process opens this store and no other. */
export const FactsJob = Closed({
  kind: Type.Literal("facts"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  target: GitOid,
  head: GitOid,
  want_tree_sha256: Type.Boolean({ description: "false in a replay, which signs nothing" }),
  approvals: Type.Optional({ ...ApprovalRules, description: "whose approval the host asks for; the base adds its own" }),
  trusted_target: Type.Boolean({ description: "the daemon itself found the target's tip, so the configuration there counts; else the merge base's, which only hashes prove" }),
  facts_path: Type.String({ description: "where to write the facts document" }),
  policy_path: Type.String({ description: "where to write the base's own policy bundle, if it has one" }),
  deadline_ms: Count,
  limits: FactsLimits,
  declared: Closed({ commands: Commands, obligations: ObligationRules }, { description: "what the host declares; what the base adds is read from it" }),
});

/** The change as its own commits prove it. `merge_tree` is null where the merge conflicts. */
export const ResolvedChange = Type.Union([
  Closed({
    history: Type.Literal("known"),
    kind: Type.Union([Type.Literal("merge"), Type.Literal("landed")]),
    merge_base: Type.Union([GitOid, Type.Null()], { description: "null for a root commit" }),
    base: Type.Union([GitOid, Type.Null()], { description: "commit the merge was made on: target tip, or the first parent of a landed head" }),
    merge_tree: Type.Union([GitOid, Type.Null()]),
    conflicts: Type.Array(PathBytes, { maxItems: 10_000 }),
  }),
  Closed({ history: Type.Literal("unknown"), because: ShortText }),
]);
export type ResolvedChange = Static<typeof ResolvedChange>;

/** Which code and data a base's policy bundle holds, as the check process that unpacked it says: the core unpacks nothing that a change's base names. */
export const PolicyDigest = Type.Union([Closed({ wasm_sha256: Sha256Hex, data_sha256: Sha256Hex }), Closed({ unreadable_sha256: Sha256Hex })]);
export type PolicyDigest = Static<typeof PolicyDigest>;

/** What the core learns of the facts; the document itself stays in the file. */
export const FactsReply = Closed({
  kind: Type.Literal("facts"),
  change: ResolvedChange,
  title: ShortText,
  actor: Actor,
  files: Count,
  added_lines: Count,
  removed_lines: Count,
  empty: Type.Boolean({ description: "the change changes nothing" }),
  tree_sha256: Type.Union([Sha256Hex, Type.Null()]),
  facts_sha256: Sha256Hex,
  member: Type.Optional({ ...GitOid, description: "the head that this one only carries to the target's tip: a merge commit with the tree that git makes of the two" }),
  runs: Type.Optional({ ...RunIds, description: "runs of agents that the commits name by trailer" }),
  parts: Type.Optional(Type.Record(Type.String({ pattern: "^[a-z_]{1,32}$" }), Sha256Hex, { description: "digest of each part of the facts: what an outcome was read from is compared by these" })),
  gaps: Type.Array(Gap, { maxItems: 1000 }),
  authors: Authors,
  locks: Type.Optional(Type.Literal(true, { description: "the change adds, edits, renames or removes a lock file that is read; absent: none" })),
  approvals: ApprovalNeeds,
  trusted: Type.Union([Closed({ config_commit: Type.Union([GitOid, Type.Null()]), old_tree: GitOid }), Type.Null()], { description: "where configuration was read, and the tree the change is compared with; null where history is unknown" }),
  config: Type.Union([
    Closed({ state: Type.Literal("absent") }),
    Closed({ state: Type.Literal("read"), config: RepositoryConfig, folders: Type.Optional(Type.Array(FolderFile, { maxItems: 256 })), policy: Type.Union([PolicyDigest, Type.Null()]) }),
    Closed({ state: Type.Literal("broken"), because: ShortText }),
  ]),
});
export type FactsReply = Static<typeof FactsReply>;

/** What is asked about, before anything of its content is read: only what the core heard then may name a kept answer. */
export const QuestionJob = Closed({
  kind: Type.Literal("question"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  target: GitOid,
  head: GitOid,
  trusted_target: Type.Boolean(),
  deadline_ms: Count,
});
export const QuestionReply = Closed({ kind: Type.Literal("question"), change_sha256: Type.Union([Sha256Hex, Type.Null()], { description: "of git's list of what differs between the two trees: names, modes and object ids; null where history is unknown" }) });

export const CheckJob = Closed({
  kind: Type.Literal("check"),
  check: CheckName,
  facts_path: Type.String(),
  facts_sha256: Sha256Hex,
  thresholds: Thresholds,
  folders: Type.Optional(Type.Array(Closed({ path: Type.String(), thresholds: Thresholds }))),
  answers: Type.Optional(Type.Array(RunAnswer, { maxItems: 64, description: "what was run for it since it was asked before" })),
});

export const CheckReply = Closed({ kind: Type.Literal("check"), outcome: Outcome, duration_us: Count, usage: Type.Optional(Usage), reads: Type.Optional(Type.Array(Type.String(), { maxItems: 64, description: "parts of the facts that the check read" })), asks: Type.Optional({ ...RunAsks, description: "what it would have run; the outcome says that it was not" }) });

/** What TLC printed, read where nothing else of the change is. */
export const ModelOutputJob = Closed({ kind: Type.Literal("model-output"), end: Type.Union([Closed({ kind: Type.Literal("exit"), code: Type.Integer() }), Closed({ kind: Type.Literal("ended"), because: Type.String() })]), path: Type.Union([Type.String(), Type.Null()]) });
export type ModelOutputJob = Static<typeof ModelOutputJob>;
export const ModelOutputReply = Closed({ kind: Type.Literal("model-output"), outcome: ModelOutcome });

/** Which findings the base had, and which somebody accepted. Files of change and base are read here, never in the core. */
export const SettleJob = Closed({
  kind: Type.Literal("settle"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  facts_path: Type.String(),
  facts_sha256: Sha256Hex,
  config_commit: Type.Union([GitOid, Type.Null()], { description: "the trusted base: only what stands there accepts anything" }),
  old_tree: GitOid,
  outcomes: Type.Array(Outcome, { maxItems: 256 }),
  base_outcomes: Type.Array(Outcome, { maxItems: 64, description: "what commands found on the base's own tree" }),
  waivers: Type.Array(Closed({ ...WaiverEntry.properties, folder: Type.String() })),
  inline_denied: Type.Array(RulePattern),
  quarantine: Type.Optional(QuarantineEntries),
  folders: Type.Optional(Type.Array(Type.String(), { maxItems: 256, description: "with a maestro.yaml of their own: no finding is the same one across their borders" })),
  now_ms: Count,
  deadline_ms: Count,
});
export type SettleJob = Static<typeof SettleJob>;

/** Only what this job may say of a finding, by its place in its check's list. */
export const Settled = Closed({ check: CheckName, finding: Count, baseline: Type.Optional(Choice(["new", "existing"])), identity: Type.Optional(Sha256Hex), waiver: Type.Optional(Waiver), test: Type.Optional(FailedTest) });
export type Settled = Static<typeof Settled>;
export const SettleReply = Closed({
  kind: Type.Literal("settle"),
  settled: Type.Array(Settled),
  fixed: Type.Array(Closed({ check: CheckName, fixed: Comparison.properties.fixed }), { maxItems: 64 }),
  stale: Type.Union([ShortText, Type.Null()], { description: "what of the baseline file accepts nothing any more, or why it cannot be read" }),
});
export type SettleReply = Static<typeof SettleReply>;

export const PolicyJob = Closed({
  kind: Type.Literal("policy"),
  bundles: Type.Array(Type.String(), { minItems: 1, maxItems: 8, description: "paths of OPA bundles; the strictest answer counts" }),
  input: Type.Unknown({ description: "see daemon/policy/input.ts" }),
});
export const PolicyReply = Closed({ kind: Type.Literal("policy"), result: PolicyResult, duration_us: Count });

/** Which declared commands the change touches. Paths of a change are matched here, never in the core. */
export const InputsJob = Closed({
  kind: Type.Literal("inputs"),
  facts_path: Type.String(),
  facts_sha256: Sha256Hex,
  commands: Type.Array(Closed({ name: CommandName, inputs: Type.Array(Type.String()) })),
});
export const InputsReply = Closed({ kind: Type.Literal("inputs"), touched: Type.Array(CommandName) });

/** What of a tree commands are shown. Put to a process that has read nothing of the change: answers of other changes are kept under what it says. */
export const ViewsJob = Closed({
  kind: Type.Literal("views"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  tree: GitOid,
  views: Type.Array(Closed({ name: CommandName, globs: Type.Array(Type.String()) })),
  limits: CommandLimits,
});
export type ViewsJob = Static<typeof ViewsJob>;
export const ViewsReply = Closed({ kind: Type.Literal("views"), views: Type.Array(Closed({ name: CommandName, sha256: Type.Union([Sha256Hex, Type.Null()], { description: "of names, modes and object ids; null where not all of the tree is listed" }) })) });

/** Writes the merged tree out for the sandbox. */
export const MaterialiseJob = Closed({
  kind: Type.Literal("materialise"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  tree: GitOid,
  folder: Type.String({ description: "made by this job; must not be there" }),
  only: Type.Optional(Type.Array(Type.String(), { description: "globs; absent: all of it" })),
  limits: CommandLimits,
});
export const MaterialiseReply = Closed({ kind: Type.Literal("materialise"), files: Count, bytes: Count, gaps: Type.Array(Gap, { maxItems: 256 }) });

/** What the tool chains of commands are, told by what the file system says of their files. */
export const ToolsJob = Closed({
  kind: Type.Literal("tools"),
  folders: Type.Array(Closed({
    host: Type.String(),
    beside: Type.Array(Type.String(), { description: "folders that are shown wherever this one is" }),
    known: Type.Union([Sha256Hex, Type.Null()], { description: "digest of a glance at it when all of it was read" }),
  })),
  programs: Type.Array(Closed({ name: CommandName, program: Type.String(), path: Type.Array(Type.String()), folders: Type.Array(Closed({ host: Type.String(), inside: Type.String() }), { description: "those of its own command" }) })),
  apart: Type.Boolean({ description: "the sandbox's launcher is another user: what this process may not look into, a tool perhaps may" }),
  entries_max: Count,
  deadline_ms: Count,
});
export type ToolsJob = Static<typeof ToolsJob>;
export const ToolsReply = Closed({
  kind: Type.Literal("tools"),
  folders: Type.Array(Closed({
    host: Type.String(),
    told: Type.Union([Closed({ because: ShortText }), Closed({ glance: Sha256Hex, entries: Count, sha256: Type.Union([Sha256Hex, Type.Null()], { description: "null where the glance is the known one" }) })]),
  })),
  programs: Type.Array(Closed({ name: CommandName, sha256: Type.Union([Sha256Hex, Type.Null()], { description: "null where no tool chain has it" }) })),
});
export type ToolsReply = Static<typeof ToolsReply>;

/** A file that a command left or a job handed in, kept for one gate. */
export const KeptFile = Closed({ path: Type.String(), sha256: Sha256Hex });
export type KeptFile = Static<typeof KeptFile>;

/** What a command that ran to its end came to. */
export const CommandJob = Closed({
  kind: Type.Literal("command"),
  command: CommandName,
  cwd: Type.String({ description: "below the tree; relative places of a report are relative to it" }),
  code: Type.Integer(),
  output: Choice(["exit", "sarif", "junit"]),
  report: Type.Union([KeptFile, Closed({ absent: ShortText }), Type.Null()], { description: "null where the exit code alone counts" }),
  tail: Base64,
  gaps: Type.Array(Gap, { maxItems: 256 }),
  watched: Type.Optional({ ...TestIds, description: "tests whose passing is asked for" }),
});
export const CommandReply = Closed({ kind: Type.Literal("command"), outcome: Outcome, duration_us: Count, passed: Type.Optional(TestIds) });

/** What obligations read out of one report. */
export const MeasureJob = Closed({
  kind: Type.Literal("measure"),
  format: ReportFormat,
  observer: Choice(["sandbox", "job"]),
  report: KeptFile,
  rules: Type.Array(Closed({ name: ObligationName, rule: ObligationRule })),
});
export const MeasureReply = Closed({ kind: Type.Literal("measure"), obligations: Type.Array(Obligation) });

/** Which tests failed, as a JUnit report of the job says. */
export const ReportJob = Closed({ kind: Type.Literal("report"), name: ReportName, report: KeptFile });
export type ReportJob = Static<typeof ReportJob>;
export const ReportReply = Closed({ kind: Type.Literal("report"), outcome: Outcome, duration_us: Count });

/** What a build is to run, by the trusted commit's own maestro.yaml, and the tree it is run over. Nothing the commit itself says of builds is read. */
export const BuildPlanJob = Closed({
  kind: Type.Literal("build-plan"),
  git: GitTools,
  git_dir: Type.String(),
  object_format: ObjectFormat,
  target: GitOid,
  commit: GitOid,
  policy_path: Type.String({ description: "where the base's policy bundle may be written; nobody reads it" }),
  tree_entries_max: Count,
  deadline_ms: Count,
});
export type BuildPlanJob = Static<typeof BuildPlanJob>;
export const BuildPlanReply = Closed({ kind: Type.Literal("build-plan"), tree: GitOid, tree_sha256: Sha256Hex, committed_s: Count, config: FactsReply.properties.config });
export type BuildPlanReply = Static<typeof BuildPlanReply>;

export const WorkerJob = Type.Union([CommitsJob, HunksJob, SbomJob, BuildPlanJob, ToolDigestsJob, BuildLogJob, QuestionJob, FactsJob, CheckJob, PolicyJob, InputsJob, ViewsJob, MaterialiseJob, ToolsJob, CommandJob, MeasureJob, ReportJob, SettleJob, PlanJob, ConfigsJob, ModelOutputJob, PartitionJob, CandidateJob, EvaluationJob, FitJob, DraftJob, ContextJob]);
export type WorkerJob = Static<typeof WorkerJob>;
export type QuestionJob = Static<typeof QuestionJob>;
export type QuestionReply = Static<typeof QuestionReply>;
export type FactsJob = Static<typeof FactsJob>;
export type CheckJob = Static<typeof CheckJob>;
export type PolicyJob = Static<typeof PolicyJob>;

export type InputsJob = Static<typeof InputsJob>;
export type MaterialiseJob = Static<typeof MaterialiseJob>;
export type CommandJob = Static<typeof CommandJob>;
export type MeasureJob = Static<typeof MeasureJob>;

export const WorkerReply = Type.Union([CommitsReply, HunksReply, SbomReply, BuildPlanReply, ToolDigestsReply, BuildLogReply, QuestionReply, FactsReply, CheckReply, PolicyReply, InputsReply, ViewsReply, MaterialiseReply, ToolsReply, CommandReply, MeasureReply, ReportReply, SettleReply, PlanJobReply, ConfigsReply, ModelOutputReply, PartitionReply, CandidateReply, EvaluationJobReply, FitJobReply, DraftJobReply, ContextJobReply]);
export type WorkerReply = Static<typeof WorkerReply>;
export type CheckReply = Static<typeof CheckReply>;
export type PolicyReply = Static<typeof PolicyReply>;
