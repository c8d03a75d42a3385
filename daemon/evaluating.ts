/** Judging and fitting candidates, put together by the first that asks: a daemon nobody asks has none of it in memory. */
import type { LearningLimits } from "../proto/limits.ts";
import type { Learned } from "./learned.ts";
import type { EvaluationDesk } from "./learning/evaluation/desk.ts";
import type { WorkerPool } from "./platform/pool/pool.ts";
import type { Store } from "./store/db.ts";

export interface EvaluatingDeps {
  readonly learned: Pick<Learned, "episodes">;
  readonly store: Pick<Store, "table" | "atomic">;
  readonly now_s: () => number;
  readonly pool: WorkerPool;
  readonly scratch_dir: string;
  readonly limits: LearningLimits;
}

export interface Evaluating {
  desk(): Promise<EvaluationDesk>;
}

export function openEvaluating({ learned, store, now_s, ...deps }: EvaluatingDeps): Evaluating {
  let opened: Promise<EvaluationDesk> | null = null;
  async function open(): Promise<EvaluationDesk> {
    const [{ EvaluationDesk: Desk }, { openAsked }, log] = await Promise.all([import("./learning/evaluation/desk.ts"), import("./learning/evaluation/asked.ts"), learned.episodes()]);
    return new Desk({ ...deps, log, asked: openAsked(store, now_s) });
  }
  return { desk: () => (opened ??= open()) };
}
