/** Entry of a check process: facts, checks and policies, one job at a time, for one change. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Usage } from "../../proto/card.ts";
import type { Facts } from "../../proto/facts.ts";
import { WorkerJob, type CheckJob, type FactsJob, type FactsReply, type QuestionJob, type QuestionReply, type WorkerReply } from "../../proto/worker.ts";
import { serve } from "../platform/process/child.ts";
import { validatorOf } from "../platform/process/envelope.ts";
import { runCheck } from "./checks/check.ts";
import { checkOf } from "./checks/index.ts";
import { tracked } from "./checks/reading/tracked.ts";
import { AskedRuns } from "./checks/running/asked-runs.ts";
import { touchedCommands } from "../commands/inputs.ts";
import { collect } from "./facts/collect.ts";
import { questionOf, sameQuestion, type Resolved } from "./facts/question.ts";

/** The facts this process works on: collected here, or read once from the file another process wrote. */
let current: { readonly sha256: string; readonly facts: Facts } | null = null;

async function factsFor({ facts_path, facts_sha256 }: Pick<CheckJob, "facts_path" | "facts_sha256">): Promise<Facts> {
  if (current?.sha256 === facts_sha256) return current.facts;
  const bytes = await Bun.file(facts_path).bytes();
  if (toHex(sha256(bytes)) !== facts_sha256) throw new MaestroError("worker.protocol", "the facts are not those that were collected");
  // Written by `collect` of this same version and checked by digest, so the type is known.
  const facts = JSON.parse(new TextDecoder().decode(bytes)) as Facts;
  current = { sha256: facts_sha256, facts };
  return facts;
}

/** Memory is the most this process held so far: one process runs several checks of a change. */
function usageSince(start: NodeJS.CpuUsage): Usage {
  const { user, system } = process.cpuUsage(start);
  return { cpu_us: Math.round(user + system), max_rss_bytes: process.resourceUsage().maxRSS * 1024 };
}

const since = (start: number): number => Math.round((performance.now() - start) * 1000);

/** What the commits came to when the question was put, until facts are asked for. */
let asked: { readonly job: QuestionJob; readonly resolved: Resolved | null } | null = null;

/** Null, and its reader closed, where it was of other commits. */
async function taken(job: FactsJob | null): Promise<Resolved | null> {
  const before = asked;
  asked = null;
  if (before === null || (job !== null && sameQuestion(job, before.job))) return before?.resolved ?? null;
  await before.resolved?.reader.close();
  return null;
}

async function questionJob(job: QuestionJob): Promise<QuestionReply> {
  await taken(null);
  const { reply, resolved } = await questionOf(job);
  asked = { job, resolved };
  return reply;
}

async function factsJob(job: FactsJob): Promise<FactsReply> {
  const { facts, reply } = await collect(job, await taken(job));
  current = { sha256: reply.facts_sha256, facts };
  return reply;
}

async function handle(job: WorkerJob): Promise<WorkerReply> {
  if (job.kind === "question") return questionJob(job);
  if (job.kind === "facts") return factsJob(job);
  const start = performance.now();
  if (job.kind === "policy") {
    const { evaluatePolicies } = await import("../policy/evaluate.ts");
    return { kind: "policy", result: await evaluatePolicies(job), duration_us: since(start) };
  }
  if (job.kind === "configs") return (await import("./effective.ts")).configsJob(job);
  if (job.kind === "plan") return (await import("./plan/announced.ts")).planJob(job);
  if (job.kind === "settle") return (await import("../findings/settle.ts")).settle(job, await factsFor(job));
  if (job.kind === "model-output") return (await import("./model-output.ts")).modelOutput(job);
  if (job.kind === "partition") return (await import("../learning/exporting/job.ts")).partitionJob(job);
  if (job.kind === "candidate") return (await import("../learning/evaluation/job.ts")).candidateJob(job);
  if (job.kind === "evaluation") return (await import("../learning/evaluation/job.ts")).evaluationJob(job);
  if (job.kind === "fit") return (await import("../learning/evaluation/job.ts")).fitJob(job);
  if (job.kind === "draft") return (await import("./draft-job.ts")).draftJob(job);
  if (job.kind === "context") return (await import("./context-job.ts")).contextJob(job);
  if (job.kind === "inputs") return { kind: "inputs", touched: touchedCommands(await factsFor(job), job.commands) };
  if (job.kind === "sbom") return (await import("./sbom.ts")).sbomJob(job, "tree" in job.of ? await factsFor(job.of) : null);
  if (job.kind === "build-plan") return (await import("./build-plan.ts")).buildPlan(job);
  if (job.kind === "hunks") return (await import("../models/exemplars/hunks.ts")).hunksJob(job);
  if (job.kind === "commits") return (await import("../shipping/commits.ts")).commitsJob(job);
  if (job.kind === "tool-digests") return (await import("../building/tools.ts")).toolDigests(job);
  if (job.kind === "build-log") return (await import("../building/log-text.ts")).buildLog(job);
  if (job.kind !== "check") return (await import("../commands/jobs.ts")).toolJob(job);
  const check = checkOf(job.check);
  if (check === null) throw new MaestroError("internal.bug", `there is no check ${job.check}`);
  const facts = await factsFor(job);
  // No abort inside: a check that must stop is killed with its process.
  const cpu = process.cpuUsage();
  const seen = tracked(facts);
  const runs = new AskedRuns(job.answers ?? []);
  const outcome = await runCheck(check, seen.facts, { runs, thresholds: job.thresholds, ...(job.folders === undefined ? {} : { folders: job.folders }), signal: new AbortController().signal });
  return { kind: "check", outcome, duration_us: since(start), usage: usageSince(cpu), reads: seen.reads(), ...(runs.asks.length === 0 ? {} : { asks: [...runs.asks] }) };
}

// No await at the top level: Bun keeps bytecode only for a program without one.
void serve({ validate: validatorOf(WorkerJob), handle });
