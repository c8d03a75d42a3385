// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { Actor, Observer } from "./actor.ts";
import type { Mode } from "./change.ts";
import type { NextStep, Reason, Verdict } from "./decision.ts";
import type { LeftOut } from "./evidence-bundle.ts";
import type { FailedTests } from "./failed-test.ts";
import type { CardPolicy } from "./learned.ts";
import type { Obligation, Result, Reused } from "./outcome.ts";
import type { NamedRelease } from "./release.ts";

/** Decision Card */
export type Card = {
  readonly v: 1;
  /** null in a replay, which leaves no evidence */
  readonly gate_id: string | null;
  readonly attempt: number;
  /** under whose authority the base and the configuration were chosen */
  readonly mode: Mode;
  readonly verdict: Verdict;
  readonly repository: string;
  readonly target_ref: string;
  readonly base: string | null;
  /** full git object id */
  readonly head: string;
  readonly title: string;
  /** who made the change; a sign may raise scrutiny, never lower it */
  readonly actor: Actor;
  readonly files: number;
  readonly added_lines: number;
  readonly removed_lines: number;
  readonly policy: {
    readonly name: string;
    readonly id: string;
  };
  readonly reasons: readonly Reason[];
  /** what shows that something breaks, replayed before it stands here; absent where there is none */
  readonly counterexamples?: {
    readonly listed: readonly CardCounterexample[];
    readonly more: number;
  };
  readonly checks: readonly CardCheck[];
  /** absent where trusted configuration asks for none */
  readonly obligations?: readonly Obligation[];
  /** learned policies that the change brings, and what the daemon's own log says of them */
  readonly learned?: readonly CardPolicy[];
  /** who released what was held; absent where nobody did */
  readonly releases?: readonly NamedRelease[];
  readonly gaps: readonly LeftOut[];
  readonly next: readonly NextStep[];
  /** whether findings were compared with those already at the base */
  readonly baseline: "not_compared" | "partly" | "compared";
  readonly compared?: Compared;
  readonly cost: {
    readonly reported: boolean;
    /** null where nothing was reported; never zero for unknown */
    readonly micro_usd: string | null;
  };
  /** what an operator should know: self-made trust, unsandboxed, history cut */
  readonly warnings: readonly string[];
};

export type CardCheck = {
  /** of commands with JUnit reports, and of such reports of the job, where tests failed */
  readonly tests?: FailedTests;
  readonly check: string;
  readonly result: Result;
  readonly required: boolean;
  readonly because: string | null;
  readonly findings: number;
  /** whose word it is, where it is neither the daemon's nor its sandbox's */
  readonly observer?: Observer;
  /** this check was not asked again: everything it reads is as it was in that attempt */
  readonly reused?: Reused;
};

export type CardCounterexample = {
  readonly check: string;
  readonly rule: string;
  /** SHA-256, lower-case hex */
  readonly fingerprint: string;
  /** SHA-256, lower-case hex */
  readonly sha256: string;
  readonly document: string | null;
};

export type CardProof = {
  readonly log_origin: string;
  readonly log_index: number;
  /** SHA-256, lower-case hex */
  readonly manifest_root: string;
  /** SHA-256, lower-case hex */
  readonly bundle_sha256: string;
  /** SSH-style key fingerprint */
  readonly signer: string;
  readonly self_made_trust: boolean;
};

export type Compared = {
  readonly new: number;
  readonly existing: number;
  readonly waived: number;
  readonly fixed: readonly {
    readonly rule: string;
    readonly count: number;
  }[];
  readonly not_compared: readonly {
    readonly check: string;
    readonly because: string;
  }[];
};

export type Timings = {
  readonly total_us: number;
  readonly facts_us: number;
  readonly checks_us: number;
  readonly policy_us: number;
  readonly evidence_us: number;
  readonly by_check: readonly {
    readonly check: string;
    readonly us: number;
    readonly usage?: Usage;
    /** what the answer that was used again took when it was asked */
    readonly saved_us?: number;
  }[];
  readonly usage?: Usage;
};

export type Usage = {
  readonly cpu_us: number;
  readonly max_rss_bytes: number;
};
