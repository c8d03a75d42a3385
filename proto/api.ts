/** Requests, replies and events of the socket. The route table in `daemon/api` and the client read these. */
import { Type, type Static } from "@sinclair/typebox";
import { Card, CardProof, Timings } from "./card.ts";
import { Mode } from "./change.ts";
import { ActorClass } from "./actor.ts";
import { IntegrityStatus } from "./damage.ts";
import { Effect, Verdict } from "./decision.ts";
import { ModelName } from "./model-store.ts";
import { Result } from "./outcome.ts";
import { HandedReport } from "./report.ts";
import { Base64, CheckName, Choice, Closed, Count, GitOid, ObjectFormat, RefName, RuleId, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";
import { ChangeCost } from "./usage.ts";

/** RFC 9457 problem details, with our code. */
export const Problem = Closed({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  retry: Type.Boolean(),
  request_id: Type.String(),
});
export type Problem = Static<typeof Problem>;

export const RepositoryName = Type.String({ minLength: 1, maxLength: 400, pattern: "^[^\\u0000-\\u0020\\u007f]+$", description: "what the client calls the repository; a claim" });

export const IntakeRequest = Closed({
  repository: RepositoryName,
  mode: Type.Optional(Choice(["host", "fork", "local"], { description: "host, fork: `repository` is an id of the operator table; fork asks for more scrutiny than host. Default local" })),
  object_format: ObjectFormat,
  cuts: Type.Array(GitOid, { maxItems: 100_000, description: "commits whose parents are not sent" }),
  tips: Type.Array(GitOid, { minItems: 1, maxItems: 10_000, description: "commits that must be complete afterwards: target tip, merge bases, head" }),
});
export type IntakeRequest = Static<typeof IntakeRequest>;
export const IntakeId = Type.String({ pattern: "^intake-[a-z2-7]{26}$" });
export const IntakeReply = Closed({ intake_id: IntakeId, repo_id: Type.String() });
export type IntakeReply = Static<typeof IntakeReply>;
export const PackReply = Closed({ objects: Count, bytes: Count, warnings: Type.Array(ShortText) });
export type PackReply = Static<typeof PackReply>;

export const GateRequest = Closed({
  intake_id: IntakeId,
  target_ref: RefName,
  target: GitOid,
  head: GitOid,
  rerun: Type.Optional(Type.Boolean({ description: "a new attempt even where one stands; earlier attempts stay on record" })),
  carried: Type.Optional({ ...Base64, description: "another node's evidence of this very gate: it answers for the commands that host and base let be carried" }),
  reports: Type.Optional(Type.Array(HandedReport, { maxItems: 16, description: "reports of the job, for obligations that read them by name" })),
});
export type GateRequest = Static<typeof GateRequest>;

/** A row of the operator table that the caller may name, and where its change would be merged. */
export const RepositoryOffer = Closed({
  id: Type.String(),
  remote: Type.String({ description: "as the operator wrote it; it carries no credentials" }),
  target_refs: Type.Array(Type.String()),
  mode: Choice(["host", "fork"]),
});
export type RepositoryOffer = Static<typeof RepositoryOffer>;
export const RepositoriesReply = Closed({ repositories: Type.Array(RepositoryOffer), local: Type.Boolean({ description: "whether this daemon also gates in mode local" }) });
export type RepositoriesReply = Static<typeof RepositoriesReply>;

/** Where a branch of the operator's remote stands, by the daemon's own look. */
export const TargetRequest = Closed({ repository: RepositoryName, target_ref: RefName });
export type TargetRequest = Static<typeof TargetRequest>;
export const TargetReply = Closed({ target: GitOid });
export type TargetReply = Static<typeof TargetReply>;

export const ReplayRequest = Closed({
  intake_id: IntakeId,
  target_ref: RefName,
  heads: Type.Array(GitOid, { minItems: 1, maxItems: 2000, description: "each is judged against its own first parent" }),
});
export type ReplayRequest = Static<typeof ReplayRequest>;

export const Stage = Choice(["queued", "facts", "checks", "policy", "evidence"]);
export const ProgressEvent = Closed({
  event: Type.Literal("progress"),
  stage: Stage,
  check: Type.Union([CheckName, Type.Null()]),
  result: Type.Union([Result, Type.Null()]),
  duration_us: Count,
});

/** A gate's answer; `bundle` is the evidence bundle's bytes. */
export const GateResult = Closed({
  event: Type.Literal("result"),
  gate_id: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  recorded: Type.Boolean({ description: "true: this very gate was decided before and that verdict still holds; it is given again instead of a new one" }),
  verdict: Verdict,
  card: Card,
  proof: CardProof,
  timings: Timings,
  bundle: Base64,
  cost: Type.Optional({ ...ChangeCost, description: "all work on this change so far, from the ledger; absent where no bill was kept" }),
});
export type GateResult = Static<typeof GateResult>;

export const ReplayChange = Closed({
  event: Type.Literal("change"),
  head: GitOid,
  title: ShortText,
  actor: ActorClass,
  verdict: Verdict,
  effects: Type.Array(Closed({ rule: RuleId, effect: Effect, observed: Type.Boolean(), where: Type.Union([ShortText, Type.Null()]) })),
  unavailable: Type.Array(CheckName),
  left_out: Type.Optional(Type.Array(CheckName, { description: "outside tools that trusted configuration declares: a replay runs none" })),
  because: Type.Union([ShortText, Type.Null()], { description: "why the change could not be judged at all" }),
});
export type ReplayChange = Static<typeof ReplayChange>;
export const ReplayEnd = Closed({ event: Type.Literal("end"), changes: Count, duration_us: Count });

/** A failure after the reply began: the last line of the stream, same fields as a problem. */
export const FailureEvent = Closed({ event: Type.Literal("failure"), problem: Problem });

export const GateEvent = Type.Union([ProgressEvent, GateResult, FailureEvent]);
export type GateEvent = Static<typeof GateEvent>;
export const ReplayEvent = Type.Union([ReplayChange, ReplayEnd, FailureEvent]);
export type ReplayEvent = Static<typeof ReplayEvent>;

/** Liveness and readiness; what is wrong comes as a problem instead. */
export const HealthReply = Closed({ status: Type.Literal("ok") });
export type HealthReply = Static<typeof HealthReply>;

export const StopReply = Closed({ stopping: Type.Literal(true), pid: Count });
export type StopReply = Static<typeof StopReply>;

/** The clock that entries are dated by. `frozen` is null while it follows the wall clock. */
export const ClockReply = Closed({
  wall: Timestamp,
  log_time: Timestamp,
  frozen: Type.Union([Type.Null(), Closed({ at: Timestamp, step_s: Count })]),
});
export type ClockReply = Static<typeof ClockReply>;
export const ClockResetRequest = Closed({
  now: Type.String({ maxLength: 32, description: "RFC 3339: what a clock you trust says; must be within an hour of the host's" }),
  reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
});
export type ClockResetRequest = Static<typeof ClockResetRequest>;
export const ClockResetReply = Closed({ log_index: Count, log_time: Timestamp });
export type ClockResetReply = Static<typeof ClockResetReply>;

export const StatusReply = Closed({
  daemon: Closed({ version: ShortText, pid: Count, uptime_s: Count, state: Choice(["ready", "draining", "degraded"]), degraded: Type.Array(ShortText, { description: "what keeps it from part of its work, and what to do" }) }),
  mode: Type.Array(Mode),
  trust: Closed({ domain: ShortText, self_made: Type.Boolean(), log_origin: ShortText }),
  log: Closed({ size: Count, root: Sha256Hex }),
  gates: Closed({ running: Count, waiting: Count, total: Count }),
  workers: Closed({
    ready: Count,
    busy: Count,
    waiting: Count,
    starts: Choice(["closed", "open", "half_open"], { description: "breaker of starting check processes at all: open while they die before they are ready" }),
    suspended_tenants: Type.Integer({ minimum: 0, description: "tenants whose changes killed so many check processes that none is started for them for a moment" }),
    deaths: Type.Integer({ minimum: 0, description: "check processes that died since the daemon started" }),
    memory_cap: Choice(["kernel", "watched"], { description: "who enforces their memory limit: a control group, or a look at their resident memory" }),
  }),
  memory_bytes: Count,
  reload: Type.Union(
    [Closed({ at_s: Count, result: Choice(["applied", "refused"]), needs_restart: Type.Array(ShortText), detail: ShortText }), Type.Null()],
    { description: "how the configuration file was last read again; null where it never was" },
  ),
  integrity: IntegrityStatus,
  state_dir: Type.String(),
  trust_path: Type.String(),
  clock: ClockReply,
  models: Type.Optional(
    Closed(
      {
        workers: Type.Array(Closed({ model: ModelName, state: Choice(["ended", "starting", "ready", "suspended"]), running: Count, waiting: Count, memory_bytes: Count, deaths: Count }), { description: "of models that were asked" }),
        prompt_tokens: Count,
        cached_tokens: Count,
        completion_tokens: Count,
      },
      { description: "since the start; absent where no model is configured" },
    ),
  ),
});
export type StatusReply = Static<typeof StatusReply>;

/** The trust file the daemon signs under, as published: whoever may not enter its state folder reads it here. */
export const TrustReply = Closed({ trust: Base64 });
export type TrustReply = Static<typeof TrustReply>;

export const VersionReply = Closed({ version: ShortText, api: ShortText, bun: ShortText, git: ShortText });
export type VersionReply = Static<typeof VersionReply>;

export const RuleDoc = Closed({
  rule: RuleId,
  check: CheckName,
  title: ShortText,
  why: ShortText,
  passes: ShortText,
  fails: ShortText,
  cannot_see: ShortText,
  replay: Type.Union([ShortText, Type.Null()], { description: "how often it fired on public history, and what was thought of it" }),
  effects: Closed({ human: Effect, agent: Effect, bot: Effect, unknown: Effect }),
  mode: Choice(["observe", "enforce"]),
});
export type RuleDoc = Static<typeof RuleDoc>;
export const RulesReply = Closed({ rules: Type.Array(RuleDoc) });
export type RulesReply = Static<typeof RulesReply>;

/** A gate as it was recorded, for `maestro card` and `maestro explain`. */
export const GateReply = Closed({ gate_id: Type.String(), attempts: Type.Array(Type.Integer({ minimum: 1 })), card: Card, proof: CardProof, timings: Timings, cost: Type.Optional(ChangeCost) });
export type GateReply = Static<typeof GateReply>;

export const ConfigReply = Closed({
  entries: Type.Array(
    Closed({
      key: ShortText,
      value: Type.String({ description: "JSON text" }),
      origin: Choice(["default", "host", "base"]),
      meaning: ShortText,
    }),
  ),
});
export type ConfigReply = Static<typeof ConfigReply>;
