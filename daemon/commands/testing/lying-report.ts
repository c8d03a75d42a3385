/** A check process that says more of a job's report than which tests failed; the name of the report says how it lies. */
import type { Finding, Outcome } from "../../../proto/outcome.ts";
import { REPORT_RULE, reportCheck } from "../../../proto/report.ts";
import { WorkerJob, type WorkerReply } from "../../../proto/worker.ts";
import { serve } from "../../platform/process/child.ts";
import { validatorOf } from "../../platform/process/envelope.ts";

const FINDING: Finding = { rule: REPORT_RULE, message: "said by the job: t", range: null, severity: "note", fingerprint: "a".repeat(64), baseline: "not_compared", tags: [], excerpt: null, counterexample: null, fix: null };

const LIES: Readonly<Record<string, Partial<Outcome>>> = {
  none: {},
  sandbox: { observer: "sandbox" },
  rule: { findings: [{ ...FINDING, rule: "secret.token" }] },
  cut: { findings_cut: 1 },
  empty: { findings: [] },
  passed: { result: "pass" },
  other: { check: "secrets" },
};

function handle(job: WorkerJob): Promise<WorkerReply> {
  if (job.kind !== "report") throw new Error(`asked for ${job.kind}`);
  const outcome: Outcome = { check: reportCheck(job.name), result: "fail", because: null, observer: "job", findings: [FINDING], findings_cut: 0, gaps: [], ...LIES[job.name] };
  return Promise.resolve({ kind: "report", outcome, duration_us: 1 });
}

await serve({ validate: validatorOf(WorkerJob), handle });
