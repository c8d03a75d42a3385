/** Reads what TLC printed, in a check process: its words come from a change. */
import { readFileSync } from "node:fs";
import type { ModelOutputJob, WorkerReply } from "../../proto/worker.ts";
import { readRun } from "../analysis/modelcheck/reading.ts";

export function modelOutput({ end, path }: ModelOutputJob): Extract<WorkerReply, { kind: "model-output" }> {
  return { kind: "model-output", outcome: readRun(end, path === null ? "" : readFileSync(path, "utf8")) };
}
