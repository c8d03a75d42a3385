/** Runs that the commits of a change name by trailer, newest commit first: whose cost is this change's. The job's claim; what is reported under it belongs to whoever submits the change. */
import { Value } from "@sinclair/typebox/value";
import type { Commit } from "../../../proto/facts.ts";
import { RUN_TRAILER, RunId, RUNS_PER_CHANGE_MAX } from "../../../proto/usage.ts";

export function runIdsOf(commits: readonly Pick<Commit, "trailers">[]): string[] {
  const named = commits.flatMap(({ trailers }) => trailers.filter(({ key }) => key.toLowerCase() === RUN_TRAILER).map(({ value }) => value.trim()));
  return [...new Set(named.filter((value) => Value.Check(RunId, value)))].slice(0, RUNS_PER_CHANGE_MAX);
}
