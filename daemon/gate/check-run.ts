import type { Thresholds } from "../../proto/config.ts";
import type { RunAnswer, RunAsk } from "../../proto/formal.ts";
import { unavailable, type CheckRun } from "../checking/answer.ts";
import type { FolderThresholds } from "./checks/check.ts";
import { reasonOf } from "../checking/failure.ts";
import type { KeptRuns } from "./reusing/kept-outcomes.ts";
import type { Lane } from "../checking/lane.ts";

export interface CheckPlan {
  readonly checks: readonly string[];
  readonly facts_path: string;
  readonly facts_sha256: string;
  readonly thresholds: Thresholds;
  /** Of folders with numbers of their own. */
  readonly folders?: readonly FolderThresholds[] | undefined;
  readonly check_deadline_ms: number;
  /** On the monotonic clock: what has not answered by then is unavailable. */
  readonly end_ms: number;
  readonly now_ms: () => number;
  /** Why nothing more is run for this change: its budget is spent. */
  readonly over?: () => string | null;
  /** Answers of an earlier try at the same facts; absent where every check is to be asked. */
  readonly kept?: KeptRuns | undefined;
  /** Runs what a check asks for; absent where nothing is run: then the check says that it cannot tell. */
  readonly runs?: (asks: readonly RunAsk[], lane: Lane) => Promise<readonly RunAnswer[]>;
}

/** A model, and once more where it fails; a property test, its cases from outside, and those that broke twice more. */
const ROUNDS_MAX = 8;

type CheckPart = Pick<CheckPlan, "facts_path" | "facts_sha256" | "thresholds" | "folders">;

/** Asks it until it asks for nothing more. Throws what `Lane.run` throws. */
async function asked(lane: Lane, check: string, { facts_path, facts_sha256, thresholds, folders }: CheckPart, plan: CheckPlan) {
  const answers: RunAnswer[] = [];
  for (let round = 1; ; round++) {
    const deadline_ms = Math.max(1, Math.min(plan.check_deadline_ms, Math.ceil(plan.end_ms - plan.now_ms())));
    const reply = await lane.run({ kind: "check", check, facts_path, facts_sha256, thresholds, ...(folders === undefined ? {} : { folders: [...folders] }), ...(answers.length === 0 ? {} : { answers }) }, deadline_ms);
    const known = new Set(answers.map(({ id }) => id));
    const asks = (reply.asks ?? []).filter(({ id }) => !known.has(id));
    if (asks.length === 0 || plan.runs === undefined || round === ROUNDS_MAX) return { ...reply, rounds: round, evaluations: answers.filter((answer) => "report" in answer) };
    answers.push(...(await plan.runs(asks, lane)));
  }
}

async function runOne(lane: Lane, check: string, plan: CheckPlan): Promise<CheckRun> {
  const answered = (await plan.kept?.get(check)) ?? null;
  if (answered !== null) return answered;
  const started_ms = plan.now_ms();
  const left_ms = Math.ceil(plan.end_ms - started_ms);
  const over = plan.over?.() ?? null;
  if (over !== null) return { outcome: unavailable(check, over), duration_us: 0 };
  if (left_ms <= 0) return { outcome: unavailable(check, "the gate's deadline passed before this check began"), duration_us: 0 };
  try {
    const { outcome, duration_us, usage, reads, rounds, evaluations } = await asked(lane, check, plan, plan);
    // With what was run for it, where something was.
    const took_us = rounds === 1 ? duration_us : Math.round((plan.now_ms() - started_ms) * 1000);
    return { outcome, duration_us: took_us, ...(usage === undefined ? {} : { usage }), ...(reads === undefined ? {} : { reads }), ...(evaluations.length === 0 ? {} : { evaluations }) };
  } catch (error) {
    return { outcome: unavailable(check, reasonOf(error)), duration_us: Math.round((plan.now_ms() - started_ms) * 1000) };
  }
}

/** Runs every check over the lanes, in card order; always one outcome per check. Throws `request.cancelled` only. */
export async function runChecks(lanes: readonly Lane[], plan: CheckPlan, done: (run: CheckRun) => void): Promise<CheckRun[]> {
  const waiting = [...plan.checks];
  const runs = new Map<string, CheckRun>();
  const work = async (lane: Lane): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const run = await runOne(lane, check, plan);
      plan.kept?.put(run);
      runs.set(check, run);
      done(run);
    }
  };
  await Promise.all(lanes.map(work));
  return plan.checks.map((check) => runs.get(check) ?? { outcome: unavailable(check, "the check was not run"), duration_us: 0 });
}
