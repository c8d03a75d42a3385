/** Whose the tests are that a job says failed: one outcome for each JUnit report it handed in. None of them decides anything; obligations do. */
import type { GateConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { FlakyRate } from "../../proto/failed-test.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { REPORT_RULE, reportCheck } from "../../proto/report.ts";
import type { KeptFile } from "../../proto/worker.ts";
import { unavailable, type CheckRun } from "../checking/answer.ts";
import { reasonOf } from "../checking/failure.ts";
import type { Lane } from "../checking/lane.ts";
import { failedIds, withRates } from "./flakiness.ts";
import type { TestHistory } from "./history.ts";

interface Sources {
  readonly repo_id: string;
  readonly history?: TestHistory | undefined;
  readonly handed: ReadonlyMap<string, KeptFile>;
  readonly lane: Lane;
  readonly deadline_ms: () => number;
}

/** What a test's rate is known by: runs of declared commands over the target's tip, never what jobs say. */
function ratesOf({ commands }: Pick<GateConfig, "commands">, { repo_id, history }: Sources, ids: readonly string[]): Map<string, FlakyRate> {
  const known = new Map<string, FlakyRate>();
  for (const [command, { output }] of Object.entries(commands)) {
    if (output?.junit === undefined) continue;
    for (const [id, rate] of history?.rates({ repo_id, command }, ids) ?? []) if (!known.has(id)) known.set(id, rate);
  }
  return known;
}

/** Nothing in it that `decide` would hold or refuse. */
function onlySaid(outcome: Outcome): Outcome {
  const { result, observer, findings, findings_cut } = outcome;
  const listed = findings.every(({ rule }) => rule === REPORT_RULE) && (result === "fail") === findings.length > 0;
  if (observer !== "job" || findings_cut > 0 || !listed) throw new MaestroError("worker.protocol", "more was said of a report than which tests failed");
  return outcome;
}

async function said(name: string, report: KeptFile, config: Pick<GateConfig, "commands">, sources: Sources): Promise<CheckRun> {
  try {
    const { outcome, duration_us } = await sources.lane.run({ kind: "report", name, report }, sources.deadline_ms());
    return { outcome: withRates(onlySaid(outcome), ratesOf(config, sources, failedIds(outcome))), duration_us };
  } catch (error) {
    return { outcome: { ...unavailable(reportCheck(name), reasonOf(error)), observer: "job" }, duration_us: 0 };
  }
}

/** Trusted configuration says which reports are JUnit, by the obligations that read them; one that a hidden number is read from is not told test by test, since that counts them. Sorted by name. Throws `request.cancelled` and `daemon.draining` only. */
export async function saidOfTests(config: Pick<GateConfig, "commands" | "obligations">, sources: Sources): Promise<CheckRun[]> {
  const rules = Object.values(config.obligations);
  const hiding = new Set(rules.flatMap(({ from, hide }) => (hide === true && from.report !== undefined ? [from.report] : [])));
  const names = new Set(rules.flatMap(({ from, format }) => (format === "junit" && from.report !== undefined && !hiding.has(from.report) ? [from.report] : [])));
  const runs: CheckRun[] = [];
  for (const name of [...names].sort()) {
    const report = sources.handed.get(name);
    if (report !== undefined) runs.push(await said(name, report, config, sources));
  }
  return runs;
}
