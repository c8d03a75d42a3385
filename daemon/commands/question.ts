/** What outside tools of one gate are asked with. */
import type { Mode } from "../../proto/change.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { HandedReport } from "../../proto/report.ts";
import type { FactsReply } from "../../proto/worker.ts";
import type { CheckRun } from "../checking/answer.ts";
import type { Lane } from "../checking/lane.ts";
import type { Host } from "../config/host.ts";
import type { Clock } from "../platform/clock.ts";
import type { Repository } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";
import type { TestHistory } from "./history.ts";
import type { CommandReuse } from "./reuse.ts";

export interface ToolDeps {
  readonly host: Host;
  readonly git: GitTools;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  /** Where merged trees are written out: all that a launcher in a unit of its own is shown of the state folder (see trees.ts). */
  readonly trees_dir: string;
  /** What is known of tests; absent where nothing is kept. */
  readonly history?: TestHistory;
}

/** One gate's question to its tools. */
export interface ToolQuestion {
  readonly repository: Repository;
  readonly mode: Mode;
  readonly config: GateConfig;
  readonly facts: FactsReply;
  readonly facts_path: string;
  /** The gate's own folder; removed with everything in it. */
  readonly folder: string;
  readonly handed: readonly HandedReport[];
  /** The head is the target's tip itself: what is judged has landed, and is nobody's push. */
  readonly tip: boolean;
  /** On the monotonic clock. */
  readonly end_ms: number;
  readonly lane: Lane;
  readonly done: (run: CheckRun) => void;
  readonly signal: AbortSignal;
  /** Answers that may be used again; absent where none may. */
  readonly reuse?: CommandReuse | undefined;
  /** What the change's budget leaves; absent: nothing limits it. */
  readonly allowance?: { over(): string | null; left(): { readonly wall_ms: number; readonly cpu_us: number } };
}

/** Milliseconds until the gate's own deadline. */
export const leftFor = ({ clock }: Pick<ToolDeps, "clock">, { end_ms }: ToolQuestion): number => Math.max(0, end_ms - clock.monotonic_ms());

/** Of one job of a check process. */
export const deadlineFor = (deps: Pick<ToolDeps, "clock" | "host">, question: ToolQuestion): number => Math.max(1, Math.ceil(Math.min(deps.host.limits.worker.check_deadline_ms, leftFor(deps, question))));
