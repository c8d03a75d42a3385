// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { ActorClass } from "./actor.ts";
import type { Card, CardProof, Timings } from "./card.ts";
import type { Mode } from "./change.ts";
import type { IntegrityStatus } from "./damage.ts";
import type { Effect, RuleMode, Verdict } from "./decision.ts";
import type { Result } from "./outcome.ts";
import type { HandedReport } from "./report.ts";
import type { ObjectFormat } from "./scalar.ts";
import type { ChangeCost } from "./usage.ts";

export type ClockReply = {
  /** RFC 3339, UTC, whole seconds */
  readonly wall: string;
  /** RFC 3339, UTC, whole seconds */
  readonly log_time: string;
  readonly frozen: null | {
    /** RFC 3339, UTC, whole seconds */
    readonly at: string;
    readonly step_s: number;
  };
};

export type ClockResetReply = {
  readonly log_index: number;
  /** RFC 3339, UTC, whole seconds */
  readonly log_time: string;
};

export type ClockResetRequest = {
  /** RFC 3339: what a clock you trust says; must be within an hour of the host's */
  readonly now: string;
  readonly reason: string;
};

export type ConfigReply = {
  readonly entries: readonly {
    readonly key: string;
    /** JSON text */
    readonly value: string;
    readonly origin: "default" | "host" | "base";
    readonly meaning: string;
  }[];
};

export type FailureEvent = {
  readonly event: "failure";
  readonly problem: Problem;
};

export type GateEvent = ProgressEvent | GateResult | FailureEvent;

export type GateReply = {
  readonly gate_id: string;
  readonly attempts: readonly number[];
  /** Decision Card */
  readonly card: Card;
  readonly proof: CardProof;
  readonly timings: Timings;
  readonly cost?: ChangeCost;
};

export type GateRequest = {
  readonly intake_id: string;
  readonly target_ref: string;
  /** full git object id */
  readonly target: string;
  /** full git object id */
  readonly head: string;
  /** a new attempt even where one stands; earlier attempts stay on record */
  readonly rerun?: boolean;
  /** another node's evidence of this very gate: it answers for the commands that host and base let be carried */
  readonly carried?: string;
  /** reports of the job, for obligations that read them by name */
  readonly reports?: readonly HandedReport[];
};

export type GateResult = {
  readonly event: "result";
  readonly gate_id: string;
  readonly attempt: number;
  /** true: this very gate was decided before and that verdict still holds; it is given again instead of a new one */
  readonly recorded: boolean;
  readonly verdict: Verdict;
  /** Decision Card */
  readonly card: Card;
  readonly proof: CardProof;
  readonly timings: Timings;
  /** standard base64 with padding */
  readonly bundle: string;
  /** all work on this change so far, from the ledger; absent where no bill was kept */
  readonly cost?: ChangeCost;
};

export type HealthReply = {
  readonly status: "ok";
};

export type IntakeReply = {
  readonly intake_id: string;
  readonly repo_id: string;
};

export type IntakeRequest = {
  /** what the client calls the repository; a claim */
  readonly repository: string;
  /** host, fork: `repository` is an id of the operator table; fork asks for more scrutiny than host. Default local */
  readonly mode?: "host" | "fork" | "local";
  readonly object_format: ObjectFormat;
  /** commits whose parents are not sent */
  readonly cuts: readonly string[];
  /** commits that must be complete afterwards: target tip, merge bases, head */
  readonly tips: readonly string[];
};

export type PackReply = {
  readonly objects: number;
  readonly bytes: number;
  readonly warnings: readonly string[];
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly retry: boolean;
  readonly request_id: string;
};

export type ProgressEvent = {
  readonly event: "progress";
  readonly stage: Stage;
  readonly check: string | null;
  readonly result: Result | null;
  readonly duration_us: number;
};

export type ReplayChange = {
  readonly event: "change";
  /** full git object id */
  readonly head: string;
  readonly title: string;
  readonly actor: ActorClass;
  readonly verdict: Verdict;
  readonly effects: readonly {
    readonly rule: string;
    readonly effect: Effect;
    readonly observed: boolean;
    readonly where: string | null;
  }[];
  readonly unavailable: readonly string[];
  /** outside tools that trusted configuration declares: a replay runs none */
  readonly left_out?: readonly string[];
  /** why the change could not be judged at all */
  readonly because: string | null;
};

export type ReplayEnd = {
  readonly event: "end";
  readonly changes: number;
  readonly duration_us: number;
};

export type ReplayEvent = ReplayChange | ReplayEnd | FailureEvent;

export type ReplayRequest = {
  readonly intake_id: string;
  readonly target_ref: string;
  /** each is judged against its own first parent */
  readonly heads: readonly string[];
};

export type RepositoriesReply = {
  readonly repositories: readonly RepositoryOffer[];
  /** whether this daemon also gates in mode local */
  readonly local: boolean;
};

export type RepositoryOffer = {
  readonly id: string;
  /** as the operator wrote it; it carries no credentials */
  readonly remote: string;
  readonly target_refs: readonly string[];
  readonly mode: "host" | "fork";
};

export type RuleDoc = {
  readonly rule: string;
  readonly check: string;
  readonly title: string;
  readonly why: string;
  readonly passes: string;
  readonly fails: string;
  readonly cannot_see: string;
  /** how often it fired on public history, and what was thought of it */
  readonly replay: string | null;
  readonly effects: {
    readonly human: Effect;
    readonly agent: Effect;
    readonly bot: Effect;
    readonly unknown: Effect;
  };
  readonly mode: RuleMode;
};

export type RulesReply = {
  readonly rules: readonly RuleDoc[];
};

export type Stage = "queued" | "facts" | "checks" | "policy" | "evidence";

export type StatusReply = {
  readonly daemon: {
    readonly version: string;
    readonly pid: number;
    readonly uptime_s: number;
    readonly state: "ready" | "draining" | "degraded";
    /** what keeps it from part of its work, and what to do */
    readonly degraded: readonly string[];
  };
  readonly mode: readonly Mode[];
  readonly trust: {
    readonly domain: string;
    readonly self_made: boolean;
    readonly log_origin: string;
  };
  readonly log: {
    readonly size: number;
    /** SHA-256, lower-case hex */
    readonly root: string;
  };
  readonly gates: {
    readonly running: number;
    readonly waiting: number;
    readonly total: number;
  };
  readonly workers: {
    readonly ready: number;
    readonly busy: number;
    readonly waiting: number;
    /** breaker of starting check processes at all: open while they die before they are ready */
    readonly starts: "closed" | "open" | "half_open";
    /** tenants whose changes killed so many check processes that none is started for them for a moment */
    readonly suspended_tenants: number;
    /** check processes that died since the daemon started */
    readonly deaths: number;
    /** who enforces their memory limit: a control group, or a look at their resident memory */
    readonly memory_cap: "kernel" | "watched";
  };
  readonly memory_bytes: number;
  /** how the configuration file was last read again; null where it never was */
  readonly reload: {
    readonly at_s: number;
    readonly result: "applied" | "refused";
    readonly needs_restart: readonly string[];
    readonly detail: string;
  } | null;
  readonly integrity: IntegrityStatus;
  readonly state_dir: string;
  readonly trust_path: string;
  readonly clock: ClockReply;
  /** since the start; absent where no model is configured */
  readonly models?: {
    /** of models that were asked */
    readonly workers: readonly {
      /** name of a model, as requests name it */
      readonly model: string;
      readonly state: "ended" | "starting" | "ready" | "suspended";
      readonly running: number;
      readonly waiting: number;
      readonly memory_bytes: number;
      readonly deaths: number;
    }[];
    readonly prompt_tokens: number;
    readonly cached_tokens: number;
    readonly completion_tokens: number;
  };
};

export type StopReply = {
  readonly stopping: true;
  readonly pid: number;
};

export type TargetReply = {
  /** full git object id */
  readonly target: string;
};

export type TargetRequest = {
  /** what the client calls the repository; a claim */
  readonly repository: string;
  readonly target_ref: string;
};

export type TrustReply = {
  /** standard base64 with padding */
  readonly trust: string;
};

export type VersionReply = {
  readonly version: string;
  readonly api: string;
  readonly bun: string;
  readonly git: string;
};
