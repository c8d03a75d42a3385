/**
 * A check process that answers every job without looking at anything, and
 * does wrong where it was told to. Its one argument is a `Faults` as JSON.
 */
import { appendFileSync } from "node:fs";
import type { Actor } from "../../../proto/actor.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { WorkerJob, type FactsReply, type WorkerReply } from "../../../proto/worker.ts";
import { questionOf } from "../facts/question.ts";
import { serve } from "../../platform/process/child.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { checksummedToken } from "../../testing/tokens.ts";

export type Fault = "dies" | "exits" | "hangs" | "slow" | "throws" | "blurts" | "leaks" | "other-check" | "other-kind" | "no-outcome" | "extra-field";

export interface Faults {
  /** By job: `facts`, `facts:<head>`, the name of a check, `policy`. */
  readonly by_job?: Readonly<Record<string, Fault>>;
  /** What the facts say differently. */
  readonly facts?: Partial<FactsReply>;
  /** Parts of the facts that every check says it read; absent: it says nothing of that. */
  readonly reads?: readonly string[];
  /** Gets a line `<pid> <job>` for each job that begins. */
  readonly diary?: string;
}

const faults = JSON.parse(process.argv[2] ?? "{}") as Faults;
const SLOW_MS = 150;
const kept: Uint8Array[] = [];

const PERSON: Actor = { class: "human", authenticated: false, name: "Ada", agent: null, signs: [] };

/** A one-line change of a person that merges; the process that collected it signs as its title. */
function factsOf(base: string): FactsReply {
  const change = { history: "known", kind: "merge", merge_base: base, base, merge_tree: "e".repeat(40), conflicts: [] } satisfies FactsReply["change"];
  return {
    kind: "facts", change, title: `pid ${process.pid}`, actor: PERSON, authors: { emails: ["a@example.org"], complete: true }, approvals: { needs: [], unclear: null }, trusted: null, files: 1, added_lines: 1, removed_lines: 0, empty: false,
    tree_sha256: "f".repeat(64), facts_sha256: "0".repeat(64), gaps: [], config: { state: "absent" }, ...faults.facts,
  };
}

async function truthful(job: WorkerJob): Promise<WorkerReply> {
  // Told before anything was read that could take a process over.
  if (job.kind === "question") {
    const { reply, resolved } = await questionOf(job);
    await resolved?.reader.close();
    return reply;
  }
  if (job.kind === "facts") return factsOf(job.target);
  if (job.kind === "policy") return { kind: "policy", result: { result: "decided", answers: [{ actor: "human", effects: [], reasons: [] }] }, duration_us: 1 };
  if (job.kind !== "check") throw new MaestroError("internal.bug", `${job.kind} is not asked of this one`);
  return { kind: "check", outcome: { check: job.check, result: "pass", because: null, observer: "daemon", findings: [], findings_cut: 0, gaps: [] }, duration_us: 1, ...(faults.reads === undefined ? {} : { reads: [...faults.reads] }) };
}

async function leak(): Promise<never> {
  for (;;) {
    kept.push(new Uint8Array(16 << 20).fill(1));
    await Bun.sleep(1);
  }
}

async function faulty(fault: Fault, job: WorkerJob): Promise<unknown> {
  const reply = await truthful(job);
  switch (fault) {
    case "dies":
      return process.kill(process.pid, "SIGKILL");
    case "exits":
      return process.exit(0);
    case "hangs":
      return Bun.sleep(60_000);
    case "slow":
      await Bun.sleep(SLOW_MS);
      return reply;
    case "throws":
      throw new MaestroError("git.failed", "told to");
    case "blurts":
      throw new Error(`unexpected ${checksummedToken("ghp", "blurted")} in the change`);
    case "leaks":
      return leak();
    case "other-check":
      return reply.kind === "check" ? { ...reply, outcome: { ...reply.outcome, check: "size" } } : reply;
    case "other-kind":
      return factsOf("a".repeat(40));
    case "no-outcome":
      return { kind: job.kind };
    case "extra-field":
      return { ...reply, admit: true };
  }
}

async function handle(job: WorkerJob): Promise<unknown> {
  const name = job.kind === "check" ? job.check : job.kind;
  if (faults.diary !== undefined) appendFileSync(faults.diary, `${process.pid} ${name}\n`);
  const fault = (job.kind === "facts" ? faults.by_job?.[`facts:${job.head}`] : undefined) ?? faults.by_job?.[name];
  return fault === undefined ? truthful(job) : faulty(fault, job);
}

await serve({ validate: validatorOf(WorkerJob), handle });
