/** Drafts about a gate on record: rules always write, an arm may phrase, and rules hold the arm's words against the facts. The gate stays as it is. */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Limits } from "../../proto/config.ts";
import type { DraftJob, DraftJobReply } from "../../proto/draft-job.ts";
import type { Draft, DraftReply, DraftRequest, DraftTask } from "../../proto/drafting.ts";
import { MaestroError } from "../../proto/errors.ts";
import { reasonOf } from "../checking/failure.ts";
import { Lane } from "../checking/lane.ts";
import { type Arm, type ArmAnswer, askArm } from "../drafting/arm.ts";
import { conductorPrompts } from "../drafting/phrasing/prompts.ts";
import type { Evidence } from "../evidence/index.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { keepEnvelope } from "../store/envelopes.ts";
import type { GateRow } from "../store/gates.ts";
import type { Spent } from "../tenants/index.ts";
import { onTheHouse, type Payer, worstDraft } from "./cost/cost.ts";
import { goneReply, readReply, type StoredReply } from "./reply.ts";

export interface DraftDeskDeps {
  readonly git: GitTools;
  readonly limits: Pick<Limits, "facts" | "worker">;
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
  readonly artifacts: Artifacts;
  readonly evidence: Pick<Evidence, "drafted">;
}

/** Arms that may be asked, best first, and why none where there is none. */
export interface Armed {
  /** Pieces of that repository nearest to a text, which whoever asks may be shown; absent where no model is asked. */
  readonly examples?: (text: string, signal: AbortSignal) => Promise<DraftJob["exemplars"]>;
  readonly arms: readonly Arm[];
  readonly because: string;
}

const FINDINGS_MAX = 300;
const BECAUSE_CHARACTERS_MAX = 1_000;

type Row = Pick<GateRow, "gate_id" | "repo_id" | "head" | "reply" | "bundle"> & { readonly attempt: { readonly attempt: number } };
type Written = DraftJobReply["written"][number];

interface Phrased {
  readonly arm: Arm;
  readonly answer: ArmAnswer;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export class DraftDesk {
  constructor(private readonly deps: DraftDeskDeps) {}

  /** Throws `tenant.budget` before a check process is started, `request.not_found` where the gate's answer is gone, `models.missing` where only an arm was asked for and none answers, and what a check process throws. */
  async draft(row: GateRow, { tasks, path, sign = false }: Pick<DraftRequest, "tasks" | "path" | "sign">, { arms, because, examples }: Armed, tenant: string, signal: AbortSignal, pay: Payer = onTheHouse): Promise<DraftReply> {
    const stored = await readReply(this.deps.artifacts, row);
    if (stored === null) throw await goneReply(this.deps.artifacts, row, `attempt ${row.attempt.attempt} of ${row.gate_id} was logged but never answered; gate the change again`);
    if (path !== undefined && path !== "rules" && arms.length === 0) throw new MaestroError("models.missing", `no ${path} model may draft this: ${because}`);
    const ask = await this.jobFor(row, stored.reply, [...new Set(tasks)]);
    const reading = (asked: () => Promise<DraftJob>): Promise<Written[]> => pay(worstDraft(this.deps.limits), async (spent) => this.asked(await asked(), tenant, signal, spent));
    const exemplars: DraftJob["exemplars"] = [];
    const first = await reading(async () => {
      if (arms.length > 0 && path !== "rules") exemplars.push(...((await examples?.(stored.reply.card.title, signal)) ?? []));
      return { ...ask, exemplars };
    });
    const said = path === "rules" ? new Map<string, Phrased | string>() : await this.phrasedBy(arms, first, signal);
    const answers = [...said].flatMap(([task, one]) => (typeof one === "string" ? [] : [{ task, text: one.answer.text }]));
    const second = answers.length === 0 ? first : await reading(async () => ({ ...ask, exemplars, tasks: answers.map(({ task }) => task), said: answers })).catch((error: unknown) => unheld(first, error));
    const drafts = first.map((rules) => draftOf(rules, second.find(({ task }) => task === rules.task) ?? rules, said.get(rules.task), path === "rules" ? "rules were asked for" : because, exemplars));
    const signed = sign ? { signed: await this.signed(row, stored.reply, drafts) } : {};
    return { gate_id: row.gate_id, attempt: row.attempt.attempt, verdict: stored.reply.card.verdict, drafts, ...signed };
  }

  /** What was written, by digest; the texts stay with whoever asked. */
  private async signed({ gate_id, attempt: { attempt } }: Row, { card, proof }: StoredReply, drafts: readonly Draft[]): Promise<NonNullable<DraftReply["signed"]>> {
    const named = drafts.map(({ task, path, sha256, cost, model, prompt, exemplars }) => ({ task, path, sha256, cost, ...(model === undefined ? {} : { model }), ...(prompt === undefined ? {} : { prompt }), ...(exemplars === undefined ? {} : { exemplars }) }));
    const claim = { mode: card.mode, repository: card.repository, gate_id, attempt, drafts: named, conductors: conductorPrompts().map(({ ref }) => ref) };
    const { log_index, bundle } = await this.deps.evidence.drafted(claim, proof.manifest_root);
    await keepEnvelope(this.deps.artifacts, `draft-${log_index}`, canonicalBytes(bundle.dsseEnvelope));
    return { log_index, bundle };
  }

  private async jobFor({ repo_id, head }: Row, { card, findings, target }: StoredReply, tasks: readonly DraftTask[]): Promise<DraftJob> {
    const { git, limits, repositories } = this.deps;
    const { git_dir, object_format } = await repositories.open(repo_id, head.length === 64 ? "sha256" : "sha1");
    return { kind: "draft", git: { ...git }, git_dir, object_format, target: target ?? card.base ?? head, head, limits: limits.facts, deadline_ms: limits.worker.check_deadline_ms, card: JSON.stringify(card), findings: JSON.stringify((findings?.findings ?? []).slice(0, FINDINGS_MAX)), tasks: [...tasks], said: [], exemplars: [] };
  }

  /** In a process that nobody holds while a model thinks. */
  private async asked(job: DraftJob, tenant: string, signal: AbortSignal, spent: Spent): Promise<Written[]> {
    await using stack = new AsyncDisposableStack();
    const lane = new Lane(this.deps.pool, signal, tenant);
    // After the lane has ended: only then is it known what its process used.
    stack.defer(() => spent(lane.usage));
    stack.use(lane);
    const { written } = await lane.run(job, job.deadline_ms);
    const missing = job.tasks.find((task) => !written.some((one) => one.task === task));
    if (missing !== undefined) throw new MaestroError("worker.protocol", `a check process wrote no ${missing}`);
    return written;
  }

  /** One arm after the other for each task; who answered, or why nobody did. */
  private async phrasedBy(arms: readonly Arm[], written: readonly Written[], signal: AbortSignal): Promise<Map<string, Phrased | string>> {
    const said = new Map<string, Phrased | string>();
    const broken = new Map<Arm, string>();
    for (const { task, prompt } of written) {
      if (prompt === null) continue;
      for (const arm of arms) {
        if (broken.has(arm)) continue;
        try {
          said.set(task, { arm, answer: await askArm(arm, prompt, task, signal) });
          break;
        } catch (error) {
          if (signal.aborted) throw error;
          broken.set(arm, `${arm.model}: ${reasonOf(error)}`);
        }
      }
      if (!said.has(task) && broken.size > 0) said.set(task, [...broken.values()].join("; "));
    }
    return said;
  }
}

/** A model's words that nothing can be held against any more, as the budget is spent, are dropped; they are paid for all the same. */
function unheld(first: readonly Written[], error: unknown): Written[] {
  if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
  return first.map((one) => ({ ...one, because: `the model's words were dropped: ${error.detail}`, cpu_us: 0 }));
}

/** What the arm took is told whether its words stand or not. */
function draftOf(rules: Written, last: Written, said: Phrased | string | undefined, none: string, exemplars: DraftJob["exemplars"]): Draft {
  const text = last.text;
  const answer = said === undefined || typeof said === "string" ? null : said;
  const cost = { usd_micro: answer?.answer.usd_micro ?? 0, cpu_us: rules.cpu_us + (last === rules ? 0 : last.cpu_us) + (answer?.answer.cpu_us ?? 0), gpu_us: answer?.answer.gpu_us ?? 0, tokens: answer?.answer.tokens ?? 0 };
  const because = answer !== null ? `${last.because} (${answer.arm.because})` : rules.prompt === null ? rules.because : typeof said === "string" ? `rules wrote it, as no model answered: ${said}` : `rules wrote it: ${none}`;
  const common = { task: rules.task as DraftTask, text, sha256: sha256(text), because: because.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed(), cost };
  if (answer === null || !last.phrased || rules.prompt === null) return { ...common, path: "rules" };
  const { model_digest: digest, engine } = answer.answer;
  return { ...common, path: answer.arm.path, model: { name: answer.arm.model, digest, engine: engine.slice(0, 128) }, prompt: rules.prompt.ref, ...(exemplars.length === 0 ? {} : { exemplars: exemplars.map(({ sha256: digest }) => digest) }) };
}
