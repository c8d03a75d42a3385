/** Figures the product's plan names and nothing here measures, each with what it would take. A missing figure is never a good one. */
import type { Kpi } from "../../proto/report-kpi.ts";

type Head = Pick<Kpi, "id" | "title" | "formula" | "goal" | "unit">;

const share = (id: string, title: string, formula: string, goal: string): Head => ({ id, title, formula, goal, unit: "percent" });
const seconds = (id: string, title: string, formula: string, goal: string): Head => ({ id, title, formula, goal, unit: "s" });

export const NOT_MEASURED: readonly (readonly [head: Head, because: string])[] = [
  [share("override.audited", "Overrides audited", "overrides that somebody looked at afterwards, over overrides", "100 %"), "every override is signed and logged; whether somebody looked at it afterwards is recorded nowhere"],
  [share("log.verified", "Log verifications", "bundles that an auditor verified, over bundles asked for", "100 %"), "auditors verify on their own machines and tell nobody"],
  [share("policy.violations", "Policy violations after merge", "merged changes that a rule would have refused, over merged changes", "0"), "what is merged without a gate is not seen here"],
  [share("safety.regressions", "Safety and severity-1 regressions", "incidents traced to an admitted change", "0"), "no incident source is connected"],
  [share("invariant.coverage", "Invariant coverage", "critical flows with an invariant, over critical flows", ">= 90 %"), "no list of critical flows is kept here"],
  [share("policy.mutation-coverage", "Policy mutation coverage", "mutants of the policy that its tests kill, over mutants", ">= 92 %"), "it is measured where a policy is built, not where it is applied"],
  [share("eval.p95", "Evaluation score p95", "95th percentile of evaluation scores", ">= 0.958"), "no model is evaluated by this node"],
  [share("robustness.delta", "Robustness delta", "evaluation score lost under perturbation", "<= 1.4 %"), "no model is evaluated by this node"],
  [share("prompt-cache.hits", "Model cache hits", "model calls answered from a cache, over model calls", ">= 90 %"), "agents call their models themselves"],
  [share("gpu.utilisation", "GPU utilisation", "busy time over available time", ">= 75 %"), "no accelerator is scheduled by this node"],
  [share("risk.false-positives", "False alarms of the risk gate", "held changes that a person found harmless, over held changes", "< 9 %"), "a release says that somebody agreed, not that the hold was wrong"],
  [share("fix-it.success", "Fix-It success", "proposed fixes that were applied and admitted, over proposed", ">= 88 %"), "whether a fix was applied is not recorded"],
  [seconds("incident.recovery", "Incident recovery", "mean time from incident to recovery", "<= 20 min"), "no incident source is connected"],
  [seconds("failover", "Failover", "time until another node answers", "< 60 s"), "one node decides alone"],
  [seconds("queue.wait", "Queue wait p95", "time from submission to start", "< 9 s"), "the metrics of a running daemon have it; no attempt's own wait is kept"],
  [seconds("repro-pack", "Repro pack", "time to build one", "<= 7 s"), "packs are made when somebody asks; how long that took is recorded nowhere"],
];
