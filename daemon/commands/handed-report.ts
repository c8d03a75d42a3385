/** Which tests failed, as a JUnit report of the job says. Runs inside a check process: the report is whoever's the change is. */
import { createHash } from "node:crypto";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { REPORT_RULE, reportCheck, saidByJob } from "../../proto/report.ts";
import type { ReportJob, WorkerReply } from "../../proto/worker.ts";
import { shown } from "../checking/redact.ts";
import { readJunit, type TestRun } from "./reports/junit.ts";
import { BrokenReport } from "./reports/reading.ts";
import { keptBytes, ofTest } from "./outcome.ts";
import { findingsOf } from "./tool-finding.ts";

/** Of one report: notes for a reader, of which a thousand are plenty. */
const LISTED_MAX = 1_000;

/** The fingerprint is not that of a command's finding which says the same. */
function saidOf(finding: Finding): Finding {
  const fingerprint = createHash("sha256").update(JSON.stringify([REPORT_RULE, finding.fingerprint])).digest("hex");
  return { ...finding, rule: REPORT_RULE, severity: "note", message: saidByJob(finding.message), fingerprint };
}

/** What is beyond the list is a gap and not `findings_cut`, which holds a change. */
function gapsOf({ failures, errors, skipped }: TestRun, name: string, listed: number): Outcome["gaps"] {
  const more = failures + errors - listed;
  return [
    ...(skipped === 0 ? [] : [{ what: `${skipped} tests of report ${name}`, because: "skipped, says the job" }]),
    ...(more === 0 ? [] : [{ what: `${more} more failed tests of report ${name}`, because: "beyond the limit of one report" }]),
  ];
}

async function outcomeOf({ name, report }: ReportJob): Promise<Outcome> {
  const shape = { check: reportCheck(name), observer: "job", findings: [], findings_cut: 0, gaps: [] } satisfies Partial<Outcome>;
  let run: TestRun;
  try {
    run = readJunit(await keptBytes(report));
  } catch (error) {
    if (!(error instanceof BrokenReport)) throw error;
    return { ...shape, result: "unavailable", because: shown(`the job's report: ${error.message}`) };
  }
  const { findings } = findingsOf(name, run.problems.slice(0, LISTED_MAX).map((problem) => ofTest(problem, "")));
  return { ...shape, result: findings.length > 0 ? "fail" : "pass", because: null, findings: findings.map(saidOf), gaps: gapsOf(run, name, findings.length) };
}

export async function handedReport(job: ReportJob): Promise<WorkerReply> {
  const start = performance.now();
  const outcome = await outcomeOf(job);
  return { kind: "report", outcome, duration_us: Math.round((performance.now() - start) * 1000) };
}
